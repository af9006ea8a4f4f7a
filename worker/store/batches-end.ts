/** What the two ends of a batch have in common: completed with an adapter, or dismissed without one. */
import type { D1PreparedStatement } from '@cloudflare/workers-types';
import type { Dismissal } from '../../shared/contracts/batch.ts';
import { type BatchRow, checkHeld, findBatchRow, HELD } from './batches-held.ts';
import { type Database, isGuardFailure } from './database.ts';
import { type Rejection, reject } from './rejection.ts';

export type Ended = { batch: BatchRow; replayed: boolean };

export const GUARD_HELD = `INSERT INTO guard (name, ok) SELECT 'held', ${HELD}`;

/** Members that could not be trained on, with their reasons as JSON in ?3. */
export const SET_REASONS = `UPDATE preference SET status = 'notTrainable', not_trainable = e.reason
  FROM (SELECT value ->> 'preference' AS id, value ->> 'reason' AS reason FROM json_each(?3)) AS e
  WHERE project = ?1 AND batch = ?2 AND status = 'batched' AND preference.id = e.id`;

export const FINISH = `UPDATE batch SET state = 'completed', adapter = ?3, completed_at = ?4, error = NULL
  WHERE project = ?1 AND id = ?2`;

const CLEAR = 'DELETE FROM guard';

/** One way to end a batch: who ends it, with what, the checks before, and the statements behind the guard. */
export type Ending = {
  project: string;
  id: string;
  fence: number;
  adapter: string | null;
  now: number;
  check: (row: BatchRow) => Promise<Rejection | null>;
  statements: (run: (sql: string, ...values: unknown[]) => D1PreparedStatement) => D1PreparedStatement[];
};

/**
 * Looks, then writes everything or nothing. Whoever is refused looks once more: the same request may have come in
 * twice at once, and the other one went through meanwhile.
 */
export async function endBatch(db: Database, ending: Ending): Promise<Ended | Rejection | null> {
  const { project, id, fence, adapter, now } = ending;
  const row = await findBatchRow(db, project, id);
  if (!row) return null;
  if (isEnded(row, ending)) return { batch: row, replayed: true };
  const refused = checkHeld(row, fence, now) ?? (await ending.check(row)) ?? (await write(db, ending));
  if (!refused) return { batch: { ...row, state: 'completed', adapter, completedAt: now }, replayed: false };

  const latest = await findBatchRow(db, project, id);
  if (!latest) return null;
  if (isEnded(latest, ending)) return { batch: latest, replayed: true };
  return checkHeld(latest, fence, now) ?? refused;
}

function isEnded(row: BatchRow, { fence, adapter }: Ending): boolean {
  return row.state === 'completed' && row.fence === fence && row.adapter === adapter;
}

async function write(db: Database, { project, id, statements }: Ending): Promise<Rejection | null> {
  const run = (sql: string, ...values: unknown[]) => db.$client.prepare(sql).bind(project, id, ...values);
  try {
    await db.$client.batch([...statements(run), db.$client.prepare(CLEAR)]);
    return null;
  } catch (error) {
    if (!isGuardFailure(error)) throw error;
    return reject('stale_parent', 'The domain has a newer head: train the batch again on top of it.');
  }
}

/** The members named must belong to the batch; a batch is completed when some are left, dismissed when none is. */
export async function checkMembers(
  db: Database,
  row: BatchRow,
  notTrainable: Dismissal['notTrainable'],
  wanted: 'some' | 'all',
): Promise<Rejection | null> {
  if (wanted === 'some' && notTrainable.length === 0) return null;
  const { results } = await db.$client
    .prepare("SELECT id FROM preference WHERE project = ?1 AND batch = ?2 AND status = 'batched'")
    .bind(row.project, row.id)
    .all<{ id: string }>();
  const members = new Set(results.map(({ id }) => id));
  const stranger = notTrainable.find(({ preference }) => !members.has(preference));
  if (stranger)
    return reject('invalid_request', `The preference ${stranger.preference} is not a member of this batch.`);
  const left = members.size - new Set(notTrainable.map(({ preference }) => preference)).size;
  if (wanted === 'all' && left > 0)
    return reject('invalid_request', `${left} members are left to train on: complete it.`);
  if (wanted === 'some' && left === 0) return reject('invalid_request', 'No member is left to train on: dismiss it.');
  return null;
}
