/** /v1/batches: leased by runners, renewed, and looked at by operators. How they end is in batches-end.ts. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  Batch,
  BatchList,
  BatchState,
  Heartbeat,
  HeartbeatResult,
  HeldOut,
  Lease,
  LeaseRequest,
} from '../../shared/contracts/batch.ts';
import { RecordId, Slug } from '../../shared/contracts/ids.ts';
import { ApiError, found } from '../access/api-error.ts';
import { requireSecret } from '../access/caller.ts';
import type { Env } from '../env.ts';
import { findBatch, listBatches } from '../store/batches.ts';
import { leaseBatch } from '../store/batches-lease.ts';
import { renewLease } from '../store/batches-release.ts';
import { type DomainRow, findDomain, listDomains } from '../store/domains.ts';
import { heldOutExamples } from '../store/examples.ts';
import { accepted } from './accepted.ts';
import { withSupport } from './batches-support.ts';
import { publishPending } from './promotions-pending.ts';
import { failures, json, jsonBody, router } from './router.ts';

export const batches = router();

const BatchPath = z.object({ id: RecordId });

batches.openapi(
  createRoute({
    method: 'post',
    path: '/v1/batches/lease',
    summary: 'Lease a batch of training examples (train)',
    request: { body: jsonBody(LeaseRequest) },
    responses: {
      200: json(Lease, 'The batch, held until expiresAt'),
      204: { description: 'Nothing to train on now' },
      ...failures,
    },
  }),
  async (c) => {
    requireSecret(c, 'train');
    const request = c.req.valid('json');
    const domains = await leasableDomains(c, request);
    const ids = domains.map(({ id }) => id);
    await publishPending(c, ids);
    const now = c.var.now();
    const held = await leaseBatch(c.var.db, c.var.project.id, ids, request, now);
    if (!held) return c.body(null, 204);
    const { baseModel, recipe, gates, head } = found(
      await findDomain(c.var.db, c.var.project.id, held.domain),
      'domain',
    );
    const supported = await withSupport(c, held.domain, recipe, held.examples, 'training');
    return c.json({ ...held, now, baseModel, recipe, gates, parent: head, ...supported }, 200);
  },
);

batches.openapi(
  createRoute({
    method: 'post',
    path: '/v1/batches/{id}/heartbeat',
    summary: 'Renew a lease that has not expired (train)',
    request: { params: BatchPath, body: jsonBody(Heartbeat) },
    responses: { 200: json(HeartbeatResult, 'The new end of the lease'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'train');
    const now = c.var.now();
    const { id } = c.req.valid('param');
    const renewed = await renewLease(c.var.db, c.var.project.id, id, c.req.valid('json').fence, now);
    return c.json({ expiresAt: accepted(renewed, 'batch').expiresAt, now }, 200);
  },
);

batches.openapi(
  createRoute({
    method: 'get',
    path: '/v1/batches',
    summary: 'Batches, newest first (any secret key)',
    request: {
      query: z.object({
        domain: Slug.optional(),
        state: BatchState.optional(),
        limit: z.coerce.number().int().min(1).max(1000).default(100),
      }),
    },
    responses: { 200: json(BatchList, 'With their members'), ...failures },
  }),
  async (c) => {
    requireSecret(c);
    const { domain = null, state = null, limit } = c.req.valid('query');
    return c.json({ items: await listBatches(c.var.db, c.var.project.id, { domain, state, limit }) }, 200);
  },
);

batches.openapi(
  createRoute({
    method: 'get',
    path: '/v1/batches/{id}',
    summary: 'One batch (any secret key)',
    request: { params: BatchPath },
    responses: { 200: json(Batch, 'With its members in training order'), ...failures },
  }),
  async (c) => {
    requireSecret(c);
    return c.json(found(await findBatch(c.var.db, c.var.project.id, c.req.valid('param').id), 'batch'), 200);
  },
);

batches.openapi(
  createRoute({
    method: 'get',
    path: '/v1/domains/{domain}/held-out',
    summary: 'Examples that are never trained on, for gates and evaluation: the newest, oldest first (train)',
    request: {
      params: z.object({ domain: Slug }),
      query: z.object({ limit: z.coerce.number().int().min(1).max(5000).default(200) }),
    },
    responses: { 200: json(HeldOut, 'The examples'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'train');
    const project = c.var.project.id;
    const domain = found(await findDomain(c.var.db, project, c.req.valid('param').domain), 'domain');
    const examples = await heldOutExamples(c.var.db, project, domain.id, c.req.valid('query').limit);
    return c.json(await withSupport(c, domain.id, domain.recipe, examples, 'heldOut'), 200);
  },
);

/** The domains asked for, or all of the runner's base model. Throws when one belongs to another base, or none is left. */
async function leasableDomains(c: Context<Env>, { domains, baseModel }: LeaseRequest): Promise<DomainRow[]> {
  const all = await listDomains(c.var.db, c.var.project.id);
  const wanted = domains?.map((id) =>
    found(
      all.find((row) => row.id === id),
      `domain ${id}`,
    ),
  );
  const other = wanted?.find((row) => row.baseModel !== baseModel);
  if (other) {
    throw new ApiError(
      'base_model_mismatch',
      `The domain ${other.id} belongs to ${other.baseModel}, the runner has ${baseModel}.`,
    );
  }
  if (wanted) return wanted;
  const own = all.filter((row) => row.baseModel === baseModel);
  if (own.length === 0 && all.length > 0) {
    throw new ApiError('base_model_mismatch', `No domain of the project belongs to the base model ${baseModel}.`);
  }
  return own;
}
