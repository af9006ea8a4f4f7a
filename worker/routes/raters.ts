/** /v1/domains/{domain}/raters: whether people agree, whose votes say little, which models they prefer. */
import { createRoute, z } from '@hono/zod-openapi';
import { Slug } from '../../shared/contracts/ids.ts';
import { RaterReport } from '../../shared/contracts/rater.ts';
import { reportRaters } from '../../shared/raters/rater-report.ts';
import { found } from '../access/api-error.ts';
import { requireSecret } from '../access/caller.ts';
import type { Database } from '../store/database.ts';
import { findDomain } from '../store/domains.ts';
import { readWindow, stateOfVotes, WINDOW } from '../store/raters.ts';
import { Recent } from '../store/recent.ts';
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
    return c.json(await reportOf(c.var.db, project, id), 200);
  },
);

/** People in the reports that an isolate remembers: some 6 MB. */
const MOST_PEOPLE = 20_000;
const reports = new WeakMap<object, Recent<RaterReport>>();

/** As long as no vote comes or goes, the same report: it takes longer to make than all else that a page asks for. */
async function reportOf(db: Database, project: string, id: string): Promise<RaterReport> {
  const known = reports.get(db.$client) ?? new Recent<RaterReport>(MOST_PEOPLE, ({ raters }) => 1 + raters.length);
  reports.set(db.$client, known);
  // Read before the votes: what comes in between makes a report that is newer than its name, and soon replaced.
  const state = await stateOfVotes(db, project, id);
  const before = known.find(state);
  if (before) return before;
  const report = reportRaters(id, WINDOW, await readWindow(db, project, id));
  known.keep(state, report);
  return report;
}
