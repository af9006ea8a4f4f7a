/** The weights of a batch by the reliability of its voters: computed once, kept with the batch. */
import type { BatchWeights } from '../../shared/contracts/batch.ts';
import { findReliability, type Member, weighMembers } from '../batches/rater-weights.ts';
import type { Database } from './database.ts';
import { readWindow, WINDOW } from './raters.ts';

export const MEMBERS = `SELECT p.id AS preference, p.user, p.weight FROM preference AS p
  WHERE p.project = ?1 AND p.batch = ?2 ORDER BY p.ordinal`;

/** The first to write is right: a batch that is leased again keeps the weights it had. */
const WEIGH = `UPDATE batch SET rater_weights = ?3 WHERE project = ?1 AND id = ?2 AND rater_weights = '{}'`;

const WEIGHED = 'SELECT rater_weights AS weights FROM batch WHERE project = ?1 AND id = ?2';

/** As they are stored: null = every vote counts as it says, or they are still to be computed. */
export function readWeights(stored: string | null): BatchWeights | null {
  return stored === null || stored === '{}' ? null : (JSON.parse(stored) as BatchWeights);
}

/** `stored`: what the lease of the batch found. */
export async function weighBatch(
  db: Database,
  project: string,
  { batch, domain, stored }: { batch: string; domain: string; stored: string | null },
  now: number,
): Promise<BatchWeights | null> {
  if (stored !== '{}') return readWeights(stored);
  const members = await db.$client.prepare(MEMBERS).bind(project, batch).all<Member>();
  // Training never looks at held-out votes, also not to learn whom to believe.
  const votes = (await readWindow(db, project, domain)).filter(({ isHeldOut }) => !isHeldOut);
  const weighed = weighMembers(members.results, findReliability(votes));
  const computed: BatchWeights = { window: WINDOW, votes: votes.length, computedAt: now, ...weighed };
  const [, kept] = await db.$client.batch<{ weights: string }>([
    db.$client.prepare(WEIGH).bind(project, batch, JSON.stringify(computed)),
    db.$client.prepare(WEIGHED).bind(project, batch),
  ]);
  return readWeights(kept?.results[0]?.weights ?? null);
}
