/** /v1/domains: create, list, read, change. Promotion, statistics and held-out rows live in their own files. */
import { createRoute, z } from '@hono/zod-openapi';
import { Domain, DomainInput, DomainList, DomainPatch } from '../../shared/contracts/domain.ts';
import { Slug } from '../../shared/contracts/ids.ts';
import { canonicalJson } from '../../shared/math/canonical-json.ts';
import { ApiError, found } from '../access/api-error.ts';
import { requireSecret } from '../access/caller.ts';
import { asDomain, createDomain, findDomain, listDomains, patchDomain } from '../store/domains.ts';
import { failures, json, jsonBody, router } from './router.ts';

export const domains = router();

const DomainPath = z.object({ domain: Slug });

domains.openapi(
  createRoute({
    method: 'post',
    path: '/v1/domains',
    summary: 'Create a domain; asking again with the same settings answers the domain (admin)',
    request: { body: jsonBody(DomainInput) },
    responses: {
      200: json(Domain, 'It was there, with these settings'),
      201: json(Domain, 'The new domain'),
      ...failures,
    },
  }),
  async (c) => {
    requireSecret(c, 'admin');
    const input = c.req.valid('json');
    const project = c.var.project.id;
    const row = await createDomain(c.var.db, project, input, c.var.now());
    if (row) return c.json(asDomain(row), 201);
    const existing = asDomain(found(await findDomain(c.var.db, project, input.id), 'domain'));
    const { head: _, live: __, encoder: ___, createdAt: ____, ...settings } = existing;
    if (canonicalJson(settings) !== canonicalJson(input)) {
      throw new ApiError('already_exists', `There is a domain ${input.id} with other settings: change it with PATCH.`);
    }
    return c.json(existing, 200);
  },
);

domains.openapi(
  createRoute({
    method: 'get',
    path: '/v1/domains',
    summary: 'All domains of the project (any secret key)',
    responses: { 200: json(DomainList, 'In the order of their ids'), ...failures },
  }),
  async (c) => {
    requireSecret(c);
    const rows = await listDomains(c.var.db, c.var.project.id);
    return c.json({ items: rows.map(asDomain) }, 200);
  },
);

domains.openapi(
  createRoute({
    method: 'get',
    path: '/v1/domains/{domain}',
    summary: 'One domain, with its head and its live adapter (any secret key)',
    request: { params: DomainPath },
    responses: { 200: json(Domain, 'The domain'), ...failures },
  }),
  async (c) => {
    requireSecret(c);
    const row = await findDomain(c.var.db, c.var.project.id, c.req.valid('param').domain);
    return c.json(asDomain(found(row, 'domain')), 200);
  },
);

domains.openapi(
  createRoute({
    method: 'patch',
    path: '/v1/domains/{domain}',
    summary: 'Change settings; base model and split stay as they were made (admin)',
    request: { params: DomainPath, body: jsonBody(DomainPatch) },
    responses: { 200: json(Domain, 'The changed domain'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'admin');
    const row = await patchDomain(c.var.db, c.var.project.id, c.req.valid('param').domain, c.req.valid('json'));
    return c.json(asDomain(found(row, 'domain')), 200);
  },
);
