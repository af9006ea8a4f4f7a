/** Who holds a batch: the condition under which its holder may write, as SQL and as an answer to those who may not. */
import { and, eq } from 'drizzle-orm';
import type { Database } from './database.ts';
import { type Rejection, reject } from './rejection.ts';
import { batch } from './schema.ts';

export type BatchRow = typeof batch.$inferSelect;

/** Still leased under this fence and not expired: ?1 project, ?2 batch, ?3 fence, ?4 now. */
export const HELD = `EXISTS (SELECT 1 FROM batch
  WHERE project = ?1 AND id = ?2 AND state = 'leased' AND fence = ?3 AND lease_expires > ?4)`;

export async function findBatchRow(db: Database, project: string, id: string): Promise<BatchRow | null> {
  const row = await db
    .select()
    .from(batch)
    .where(and(eq(batch.project, project), eq(batch.id, id)))
    .get();
  return row ?? null;
}

/** Why a runner with this fence may not write to the batch; null = it may. */
export function checkHeld(row: BatchRow, fence: number, now: number): Rejection | null {
  if (row.fence !== fence) {
    return reject('stale_fence', `The batch is under fence ${row.fence} now: what was done under ${fence} is void.`);
  }
  switch (row.state) {
    case 'completed':
      return reject('batch_finished', 'The batch was finished already.');
    case 'quarantined':
      return reject('quarantined', 'The batch failed too often and was set aside.');
    case 'ready':
      return reject('lease_expired', 'The batch was given back: lease it again.');
    case 'leased':
      return row.leaseExpires > now
        ? null
        : reject('lease_expired', 'The lease of the batch has expired: lease it again.');
  }
}
