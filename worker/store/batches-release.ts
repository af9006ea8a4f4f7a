/** What else a holder does to its batch, renew or give back; and what an operator does to one that was set aside. */
import type { Failure } from '../../shared/contracts/batch.ts';
import { checkHeld, findBatchRow, HELD } from './batches-held.ts';
import { SET_ASIDE } from './batches-lease.ts';
import type { Database } from './database.ts';
import { type Rejection, reject } from './rejection.ts';

const RENEW = `UPDATE batch SET lease_expires = ?4 + 1000 * (SELECT lease_seconds FROM domain AS d
    WHERE d.project = batch.project AND d.id = batch.domain)
  WHERE project = ?1 AND id = ?2 AND ${HELD} RETURNING lease_expires AS expiresAt`;

// ?6 is 1 where the attempt does not count.
const GIVE_BACK = `UPDATE batch SET error = ?5, lease_expires = 0, attempts = attempts - ?6,
    state = CASE WHEN attempts - ?6 >= (SELECT max_attempts FROM domain AS d WHERE d.project = batch.project AND d.id = batch.domain)
      THEN 'quarantined' ELSE 'ready' END
  WHERE project = ?1 AND id = ?2 AND ${HELD} RETURNING id`;

const REQUEUE = `UPDATE batch SET state = 'ready', attempts = 0, lease_expires = 0
  WHERE project = ?1 AND id = ?2 AND state = 'quarantined' RETURNING id`;

const TAKE_UP = `UPDATE preference SET status = 'batched' WHERE project = ?1 AND batch = ?2 AND status = 'quarantined'
  AND EXISTS (SELECT 1 FROM batch WHERE project = ?1 AND id = ?2 AND state = 'ready')`;

/** The new end of the lease. */
export async function renewLease(
  db: Database,
  project: string,
  id: string,
  fence: number,
  now: number,
): Promise<{ expiresAt: number } | Rejection | null> {
  const renewed = await db.$client.prepare(RENEW).bind(project, id, fence, now).first<{ expiresAt: number }>();
  if (renewed) return renewed;
  const row = await findBatchRow(db, project, id);
  return row && (checkHeld(row, fence, now) ?? reject('lease_expired', 'The lease of the batch has expired.'));
}

/** Back to ready with the reason, or set aside when the domain allows no further attempt. Saying it twice is one. */
export async function failBatch(
  db: Database,
  project: string,
  id: string,
  { fence, reason, blameless }: Failure,
  now: number,
): Promise<{ id: string } | Rejection | null> {
  const [given] = await db.$client.batch<{ id: string }>([
    db.$client.prepare(GIVE_BACK).bind(project, id, fence, now, reason, Number(blameless)),
    db.$client.prepare(SET_ASIDE).bind(project, id),
  ]);
  if (given?.results[0]) return given.results[0];
  const row = await findBatchRow(db, project, id);
  if (!row) return null;
  if (row.fence === fence && (row.state === 'ready' || row.state === 'quarantined') && row.error === reason)
    return { id };
  return checkHeld(row, fence, now) ?? reject('lease_expired', 'The lease of the batch has expired.');
}

/** Gives a batch that was set aside all its attempts back. */
export async function requeueBatch(
  db: Database,
  project: string,
  id: string,
): Promise<{ id: string } | Rejection | null> {
  const [requeued] = await db.$client.batch<{ id: string }>([
    db.$client.prepare(REQUEUE).bind(project, id),
    db.$client.prepare(TAKE_UP).bind(project, id),
  ]);
  if (requeued?.results[0]) return requeued.results[0];
  const row = await findBatchRow(db, project, id);
  return row && reject('invalid_request', `The batch is ${row.state}: only a quarantined one can be requeued.`);
}
