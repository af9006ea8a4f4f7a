/**
 * The end of a batch. What a batch taught and that its votes are consumed commit together, in one atomic batch of
 * statements behind guards, or nothing does.
 */
import type { Completion, Dismissal } from '../../shared/contracts/batch.ts';
import { checkAdapter } from './adapters-check.ts';
import { type BatchRow, checkHeld, findBatchRow, HELD } from './batches-held.ts';
import { type Database, isDuplicate, isGuardFailure } from './database.ts';
import { type Rejection, reject } from './rejection.ts';

const GUARD_HELD = `INSERT INTO guard (name, ok) SELECT 'held', ${HELD}`;

/** The line of adapters never forks: ?1 project, ?2 batch, ?3 parent. */
const GUARD_PARENT = `INSERT INTO guard (name, ok) SELECT 'parent', EXISTS (SELECT 1 FROM batch AS b
  JOIN domain AS d ON d.project = b.project AND d.id = b.domain WHERE b.project = ?1 AND b.id = ?2 AND d.head IS ?3)`;

/** Members that could not be trained on, with their reasons as JSON in ?3. */
const SET_REASONS = `UPDATE preference SET status = 'notTrainable', not_trainable = e.reason
  FROM (SELECT value ->> 'preference' AS id, value ->> 'reason' AS reason FROM json_each(?3)) AS e
  WHERE project = ?1 AND batch = ?2 AND status = 'batched' AND preference.id = e.id`;

const CONSUME = `UPDATE preference SET status = 'consumed' WHERE project = ?1 AND batch = ?2 AND status = 'batched'`;

const FINISH = `UPDATE batch SET state = 'completed', adapter = ?3, completed_at = ?4, error = NULL WHERE project = ?1 AND id = ?2`;

const MOVE_HEAD = `UPDATE domain SET head = ?3
  WHERE project = ?1 AND id = (SELECT domain FROM batch WHERE project = ?1 AND id = ?2)`;

const ADD_ADAPTER = `INSERT INTO adapter (project, sha, domain, parent, base_model, base_fingerprint, recipe, files, metrics,
    losses, gates, runtime, stage, created_at, preferences, oldest_vote_at)
  SELECT b.project, ?3, b.domain, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'staged', ?13, count(p.seq), min(p.created_at)
  FROM batch AS b LEFT JOIN preference AS p ON p.project = b.project AND p.batch = b.id AND p.status = 'consumed'
  WHERE b.project = ?1 AND b.id = ?2 GROUP BY b.id`;

const CLEAR = 'DELETE FROM guard';

export type Ended = { batch: BatchRow; replayed: boolean };

/** Consumes the members, adds the adapter as staged and makes it the head. */
export async function completeBatch(
  db: Database,
  project: string,
  id: string,
  { fence, adapter, notTrainable }: Completion,
  now: number,
): Promise<Ended | Rejection | null> {
  const row = await findBatchRow(db, project, id);
  if (!row) return null;
  if (row.state === 'completed' && row.fence === fence && row.adapter === adapter.sha)
    return { batch: row, replayed: true };
  const refused =
    checkHeld(row, fence, now) ??
    (await checkMembers(db, row, notTrainable, 'some')) ??
    (await checkAdapter(db, project, { ...adapter, domain: row.domain }, 'onTopOfHead'));
  if (refused) return refused;

  const run = (sql: string, ...values: unknown[]) => db.$client.prepare(sql).bind(project, id, ...values);
  const { sha, parent, baseModel, baseFingerprint, runtime } = adapter;
  const json = [adapter.recipe, adapter.files, adapter.metrics, adapter.losses, adapter.gates].map((value) =>
    JSON.stringify(value),
  );
  try {
    await db.$client.batch([
      run(GUARD_HELD, fence, now),
      run(GUARD_PARENT, parent),
      run(SET_REASONS, JSON.stringify(notTrainable)),
      run(CONSUME),
      run(FINISH, sha, now),
      run(MOVE_HEAD, sha),
      run(ADD_ADAPTER, sha, parent, baseModel, baseFingerprint, ...json, runtime, now),
      db.$client.prepare(CLEAR),
    ]);
  } catch (error) {
    if (isDuplicate(error, 'adapter'))
      return reject('already_exists', `The adapter ${sha} exists already: training changed nothing.`);
    if (!isGuardFailure(error)) throw error;
    return whyNot(db, project, id, fence, adapter.sha, now);
  }
  return { batch: { ...row, state: 'completed', adapter: sha, completedAt: now }, replayed: false };
}

/** Ends a batch of which no member could be trained on, without an adapter. */
export async function dismissBatch(
  db: Database,
  project: string,
  id: string,
  { fence, notTrainable }: Dismissal,
  now: number,
): Promise<Ended | Rejection | null> {
  const row = await findBatchRow(db, project, id);
  if (!row) return null;
  if (row.state === 'completed' && row.fence === fence && row.adapter === null) return { batch: row, replayed: true };
  const refused = checkHeld(row, fence, now) ?? (await checkMembers(db, row, notTrainable, 'all'));
  if (refused) return refused;

  const run = (sql: string, ...values: unknown[]) => db.$client.prepare(sql).bind(project, id, ...values);
  try {
    await db.$client.batch([
      run(GUARD_HELD, fence, now),
      run(SET_REASONS, JSON.stringify(notTrainable)),
      run(FINISH, null, now),
      db.$client.prepare(CLEAR),
    ]);
  } catch (error) {
    if (!isGuardFailure(error)) throw error;
    return whyNot(db, project, id, fence, null, now);
  }
  return { batch: { ...row, state: 'completed', adapter: null, completedAt: now }, replayed: false };
}

/** A guard failed between the look and the write: looks once more and says why. */
async function whyNot(
  db: Database,
  project: string,
  id: string,
  fence: number,
  adapter: string | null,
  now: number,
): Promise<Ended | Rejection | null> {
  const row = await findBatchRow(db, project, id);
  if (!row) return null;
  if (row.state === 'completed' && row.fence === fence && row.adapter === adapter)
    return { batch: row, replayed: true };
  return (
    checkHeld(row, fence, now) ??
    reject('stale_parent', 'The domain has a newer head: train the batch again on top of it.')
  );
}

/** The members named must belong to the batch; a batch is completed when some are left, dismissed when none is. */
async function checkMembers(
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
    return reject('invalid_request', `${left} members are left to train on: complete the batch.`);
  if (wanted === 'some' && left === 0)
    return reject('invalid_request', 'No member is left to train on: dismiss the batch.');
  return null;
}
