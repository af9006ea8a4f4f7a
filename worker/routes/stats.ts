/** /v1/domains/{domain}/stats: how a domain goes, in counts and curves, never in texts. */
import { createRoute, z } from '@hono/zod-openapi';
import { Slug } from '../../shared/contracts/ids.ts';
import { DomainStats } from '../../shared/contracts/stats.ts';
import { found } from '../access/api-error.ts';
import { requireSecret } from '../access/caller.ts';
import { findDomain } from '../store/domains.ts';
import { readStats } from '../store/stats.ts';
import { failures, json, router } from './router.ts';

export const stats = router();

stats.openapi(
  createRoute({
    method: 'get',
    path: '/v1/domains/{domain}/stats',
    summary: 'Votes, batches, adapters and moves of a domain (any secret key)',
    request: { params: z.object({ domain: Slug }) },
    responses: { 200: json(DomainStats, 'Counts are exact'), ...failures },
  }),
  async (c) => {
    requireSecret(c);
    const project = c.var.project.id;
    const row = found(await findDomain(c.var.db, project, c.req.valid('param').domain), 'domain');
    return c.json(await readStats(c.var.db, project, row), 200);
  },
);
