/** /v1/domains/{domain}/raters: whether people agree, whose votes say little, which models they prefer. */
import { createRoute, z } from '@hono/zod-openapi';
import { Slug } from '../../shared/contracts/ids.ts';
import { RaterReport } from '../../shared/contracts/rater.ts';
import { reportRaters } from '../../shared/raters/rater-report.ts';
import { found } from '../access/api-error.ts';
import { requireSecret } from '../access/caller.ts';
import { findDomain } from '../store/domains.ts';
import { readWindow, WINDOW } from '../store/raters.ts';
import { failures, json, router } from './router.ts';

export const raters = router();

raters.openapi(
  createRoute({
    method: 'get',
    path: '/v1/domains/{domain}/raters',
    summary:
      'Agreement, position bias, reliability of each voter and strengths of models, by the newest votes (admin, ingest or train)',
    request: { params: z.object({ domain: Slug }) },
    responses: { 200: json(RaterReport, 'Over the newest 2,000 votes that decide something'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'ingest', 'train');
    const project = c.var.project.id;
    const { id } = found(await findDomain(c.var.db, project, c.req.valid('param').domain), 'domain');
    return c.json(reportRaters(id, WINDOW, await readWindow(c.var.db, project, id)), 200);
  },
);
