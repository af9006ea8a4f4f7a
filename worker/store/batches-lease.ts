/**
 * The lease of a batch: an expired or returned one first, whole, under a higher fence; else a new one of the oldest
 * waiting votes. A look, then one conditional atomic write; who loses the race between the two looks again.
 */
import type { Example, LeaseRequest } from '../../shared/contracts/batch.ts';
import { uuidv7 } from '../../shared/math/uuidv7.ts';
import { weighBatch } from './batches-weights.ts';
import type { Database } from './database.ts';
import { batchExamples } from './examples.ts';

export type LeasedBatch = {
  batch: string;
  domain: string;
  fence: number;
  attempt: number;
  expiresAt: number;
  examples: Example[];
};

/** What a domain has to offer. Times in Unix milliseconds. */
type Offer = {
  domain: string;
  batchSize: number;
  maxWaitSeconds: number;
  maxAttempts: number;
  /** Its oldest batch that nobody holds, as JSON. */
  open: string | null;
  oldest: number | null;
  waiting: number;
};

type Held = Omit<LeasedBatch, 'batch' | 'examples'> & { raterWeights: string | null };
type Taken = [batch: string, held: Held | null];
type Choice = { batch: OpenBatch; isSpent: boolean } | { formFrom: Offer };
type OpenBatch = { id: string; fence: number; attempts: number; createdAt: number };

const FREE = `(b.state = 'ready' OR (b.state = 'leased' AND b.lease_expires <= ?3))`;

export const OFFERS = `SELECT d.id AS domain, d.batch_size AS batchSize, d.max_wait_seconds AS maxWaitSeconds, d.max_attempts AS maxAttempts,
    (SELECT json_object('id', b.id, 'fence', b.fence, 'attempts', b.attempts, 'createdAt', b.created_at) FROM batch AS b
      WHERE b.project = d.project AND b.domain = d.id AND b.state IN ('ready', 'leased') AND ${FREE}
      ORDER BY b.created_at LIMIT 1) AS open,
    (SELECT p.created_at FROM preference AS p INDEXED BY preference_waiting
      WHERE p.project = d.project AND p.domain = d.id AND p.status = 'waiting'
      ORDER BY p.seq LIMIT 1) AS oldest,
    coalesce((SELECT n FROM preference_count AS k
      WHERE k.project = d.project AND k.domain = d.id AND k.status = 'waiting' AND k.reason = ''), 0) AS waiting
  FROM json_each(?2) AS e CROSS JOIN domain AS d ON d.project = ?1 AND d.id = e.value`;

const HELD = 'domain, fence, attempts AS attempt, lease_expires AS expiresAt, rater_weights AS raterWeights';

const TAKE = `UPDATE batch AS b SET state = 'leased', fence = fence + 1, attempts = attempts + 1, runner = ?5,
    lease_expires = ?3 + 1000 * (SELECT lease_seconds FROM domain AS d WHERE d.project = b.project AND d.id = b.domain)
  WHERE b.project = ?1 AND b.id = ?2 AND b.fence = ?4 AND ${FREE} RETURNING ${HELD}`;

const SPEND = `UPDATE batch AS b SET state = 'quarantined', error = coalesce(error, 'Its lease expired ' || attempts || ' times.')
  WHERE b.project = ?1 AND b.id = ?2 AND b.fence = ?4 AND ${FREE}`;

export const SET_ASIDE = `UPDATE preference SET status = 'quarantined'
  WHERE project = ?1 AND batch = ?2 AND status = 'batched'
    AND EXISTS (SELECT 1 FROM batch AS b WHERE b.project = ?1 AND b.id = ?2 AND b.state = 'quarantined')`;

/** The oldest waiting votes of a domain. Left to itself, SQLite walks through all the consumed ones to find them. */
const NEXT = `SELECT seq, created_at FROM preference INDEXED BY preference_waiting
  WHERE project = ?1 AND domain = ?2 AND status = 'waiting' ORDER BY seq LIMIT`;

export const FORM = `INSERT INTO batch (project, id, domain, state, fence, attempts, runner, lease_expires, size, created_at, rater_weights)
  SELECT ?1, ?3, ?2, 'leased', 1, 1, ?4, ?5 + 1000 * d.lease_seconds, n, ?5,
    CASE d.rater_weights WHEN 'reliability' THEN '{}' END
  FROM domain AS d, (SELECT count(*) AS n, min(created_at) AS oldest FROM (${NEXT} ?6))
  WHERE d.project = ?1 AND d.id = ?2 AND n > 0 AND (n = ?6 OR oldest <= ?5 - 1000 * d.max_wait_seconds)
  RETURNING ${HELD}`;

export const FILL = `UPDATE preference SET status = 'batched', batch = ?3, ordinal = next.ordinal
  FROM (SELECT seq, row_number() OVER (ORDER BY seq) - 1 AS ordinal
    FROM (${NEXT} coalesce((SELECT size FROM batch WHERE project = ?1 AND id = ?3), 0))) AS next
  WHERE preference.seq = next.seq`;

/** A loser of a race lost to somebody who got a batch: so many others cannot be faster for ever. */
const MAX_ATTEMPTS = 50;

/** null = nothing to train on now. `domains` exist and are of the runner's base model. */
export async function leaseBatch(
  db: Database,
  project: string,
  domains: readonly string[],
  { runner }: Pick<LeaseRequest, 'runner'>,
  now: number,
): Promise<LeasedBatch | null> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const { results } = await db.$client.prepare(OFFERS).bind(project, JSON.stringify(domains), now).all<Offer>();
    const choice = choose(results, now);
    if (!choice) return null;
    const [batch, held] = 'formFrom' in choice ? await form(choice.formFrom) : await take(choice);
    if (held) {
      const { raterWeights: stored, ...lease } = held;
      const weighed = await weighBatch(db, project, { batch, domain: held.domain, stored }, now);
      return { batch, ...lease, examples: await batchExamples(db, project, batch, weighed?.weights) };
    }
  }
  return null;

  async function take({ batch, isSpent }: Extract<Choice, { batch: OpenBatch }>): Promise<Taken> {
    if (isSpent) {
      const spend = db.$client.prepare(SPEND).bind(project, batch.id, now, batch.fence);
      await db.$client.batch([spend, db.$client.prepare(SET_ASIDE).bind(project, batch.id)]);
      return [batch.id, null];
    }
    return [batch.id, await db.$client.prepare(TAKE).bind(project, batch.id, now, batch.fence, runner).first<Held>()];
  }

  async function form({ domain, batchSize }: Offer): Promise<Taken> {
    const id = uuidv7(now);
    const [formed] = await db.$client.batch<Held>([
      db.$client.prepare(FORM).bind(project, domain, id, runner, now, batchSize),
      db.$client.prepare(FILL).bind(project, domain, id),
    ]);
    return [id, formed?.results[0] ?? null];
  }
}

/** Batches before fresh votes; among domains, who has waited longest. */
function choose(offers: readonly Offer[], now: number): Choice | null {
  const open = offers.flatMap((offer) => {
    if (offer.open === null) return [];
    const batch = JSON.parse(offer.open) as OpenBatch;
    return [{ batch, isSpent: batch.attempts >= offer.maxAttempts }];
  });
  const oldestBatch = open.sort((a, b) => a.batch.createdAt - b.batch.createdAt)[0];
  if (oldestBatch) return oldestBatch;
  const formable = offers.filter(({ oldest, waiting, batchSize, maxWaitSeconds }) => {
    return oldest !== null && (waiting >= batchSize || oldest <= now - 1000 * maxWaitSeconds);
  });
  const [formFrom] = formable.sort((a, b) => (a.oldest ?? 0) - (b.oldest ?? 0));
  return formFrom ? { formFrom } : null;
}
