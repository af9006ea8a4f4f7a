/** User encoders: content-addressed rows, written after their files and never changed; a domain points at one. */
import { and, desc, eq, sql } from 'drizzle-orm';
import type { EncoderInput } from '../../shared/contracts/encoder.ts';
import { canonicalJson } from '../../shared/math/canonical-json.ts';
import { type Database, isDuplicate } from './database.ts';
import { type DomainRow, findDomain } from './domains.ts';
import { type Rejection, reject } from './rejection.ts';
import { domain, encoder } from './schema.ts';
import { storedJson } from './stored-json.ts';

export type StoredEncoder = { encoder: EncoderInput; createdAt: number };

/** What was stored under this sha before, null when it is new, a rejection when it was something else. */
export async function replayEncoder(
  db: Database,
  project: string,
  input: EncoderInput,
): Promise<StoredEncoder | Rejection | null> {
  const known = await findEncoder(db, project, input.sha);
  if (!known || canonicalJson(withoutMetrics(known.encoder)) === canonicalJson(withoutMetrics(input))) return known;
  return reject('already_exists', `There is another encoder ${input.sha} already.`);
}

/** Metrics are measured, and may come out otherwise the second time. */
function withoutMetrics({ metrics: _, ...input }: EncoderInput): unknown {
  return input;
}

/** False when it is there already. Throws ApiError `too_large`. */
export async function addEncoder(db: Database, project: string, input: EncoderInput, now: number): Promise<boolean> {
  const body = sql`${storedJson(input, 'encoder')}`;
  try {
    await db.insert(encoder).values({ project, sha: input.sha, domain: input.domain, body, createdAt: now });
    return true;
  } catch (error) {
    if (isDuplicate(error, 'encoder')) return false;
    throw error;
  }
}

export async function findEncoder(db: Database, project: string, sha: string): Promise<StoredEncoder | null> {
  const at = and(eq(encoder.project, project), eq(encoder.sha, sha));
  const row = await db.select().from(encoder).where(at).get();
  return row ? { encoder: row.body, createdAt: row.createdAt } : null;
}

/** Newest first; null = of every domain. */
export async function listEncoders(
  db: Database,
  project: string,
  of: string | null,
  limit: number,
): Promise<StoredEncoder[]> {
  const at = of === null ? eq(encoder.project, project) : and(eq(encoder.project, project), eq(encoder.domain, of));
  const newest = desc(encoder.createdAt);
  const rows = await db.select().from(encoder).where(at).orderBy(newest, desc(encoder.sha)).limit(limit).all();
  return rows.map(({ body, createdAt }) => ({ encoder: body, createdAt }));
}

/** Points the domain at an encoder of its own, or at none; null = no such domain. */
export async function chooseEncoder(
  db: Database,
  project: string,
  id: string,
  sha: string | null,
): Promise<DomainRow | Rejection | null> {
  if (!(await findDomain(db, project, id))) return null;
  const chosen = sha === null ? null : await findEncoder(db, project, sha);
  if (sha !== null && !chosen) return reject('not_found', `There is no encoder ${sha}.`);
  if (chosen && chosen.encoder.domain !== id) {
    return reject(
      'encoder_mismatch',
      `The encoder ${sha} belongs to the domain ${chosen.encoder.domain}, not to ${id}.`,
    );
  }
  const at = and(eq(domain.project, project), eq(domain.id, id));
  return (await db.update(domain).set({ encoder: sha }).where(at).returning().get()) ?? null;
}
