/** Batches as they are shown. */
import type { Batch, BatchState } from '../../shared/contracts/batch.ts';
import { readWeights } from './batches-weights.ts';
import type { Database } from './database.ts';

/** One row of `batch`, with the members it has or had. */
type Row = Omit<Batch, 'leaseExpiresAt' | 'preferences' | 'raterWeights'> & {
  leaseExpires: number;
  members: string;
  raterWeights: string | null;
};

const COLUMNS = `b.id, b.domain, b.state, b.fence, b.attempts, b.runner, b.lease_expires AS leaseExpires, b.adapter, b.error,
  b.rater_weights AS raterWeights, b.created_at AS createdAt, b.completed_at AS completedAt,
  (SELECT json_group_array(id) FROM (SELECT p.id FROM preference AS p
    WHERE p.project = b.project AND p.batch = b.id ORDER BY p.ordinal)) AS members`;

const ONE = `SELECT ${COLUMNS} FROM batch AS b WHERE b.project = ?1 AND b.id = ?2`;

const newest = (where: string) => `SELECT ${COLUMNS} FROM batch AS b
  WHERE b.project = ?1 ${where} ORDER BY b.created_at DESC, b.id DESC LIMIT ?4`;

// The first two as their index has them. Of a whole project, which nobody looks at while waiting, all batches are gone through.
export const OF_STATE = newest('AND b.domain = ?2 AND b.state = ?3');
export const OF_DOMAIN = newest('AND b.domain = ?2 AND ?3 IS NULL');
const OF_PROJECT = newest('AND ?2 IS NULL AND (?3 IS NULL OR b.state = ?3)');

export async function findBatch(db: Database, project: string, id: string): Promise<Batch | null> {
  const row = await db.$client.prepare(ONE).bind(project, id).first<Row>();
  return row && asBatch(row);
}

/** Newest first; null = any. */
export async function listBatches(
  db: Database,
  project: string,
  { domain, state, limit }: { domain: string | null; state: BatchState | null; limit: number },
): Promise<Batch[]> {
  const ofDomain = state === null ? OF_DOMAIN : OF_STATE;
  const statement = domain === null ? OF_PROJECT : ofDomain;
  const { results } = await db.$client.prepare(statement).bind(project, domain, state, limit).all<Row>();
  return results.map(asBatch);
}

function asBatch({ leaseExpires, members, raterWeights, ...row }: Row): Batch {
  return {
    ...row,
    leaseExpiresAt: row.state === 'leased' ? leaseExpires : null,
    preferences: JSON.parse(members) as string[],
    raterWeights: readWeights(raterWeights),
  };
}
