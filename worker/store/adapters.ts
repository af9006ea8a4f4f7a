/** The registry of adapters: content-addressed rows with their lineage, written after their files. */
import { and, desc, eq, getTableColumns, sql } from 'drizzle-orm';
import type { AdapterFileName, AdapterRecord, AdapterRegistration } from '../../shared/contracts/adapter.ts';
import { LISTED_LOSSES } from '../../shared/contracts/stats.ts';
import { canonicalJson } from '../../shared/math/canonical-json.ts';
import { thinCurve } from '../../shared/math/thin-curve.ts';
import { checkAdapter } from './adapters-check.ts';
import { type Database, isDuplicate } from './database.ts';
import { type Rejection, reject } from './rejection.ts';
import { adapter, adapterFile, batch } from './schema.ts';

export type AdapterRow = typeof adapter.$inferSelect;
type Selected = { adapter: Omit<AdapterRow, 'curve'>; batch: string | null };

const { curve, losses, ...columns } = getTableColumns(adapter);
const whole = { ...columns, losses };
// What an earlier version registered has no curve beside its losses.
const listed = { ...columns, losses: sql<number[]>`coalesce(${curve}, ${losses})`.mapWith(losses) };

/** Remembers a file that was received and checked; receiving it again changes nothing. */
export async function addFile(db: Database, row: typeof adapterFile.$inferInsert): Promise<void> {
  await db.insert(adapterFile).values(row).onConflictDoNothing();
}

/** Adds an adapter that was made elsewhere, as staged. The same registration again is a replay. */
export async function registerAdapter(
  db: Database,
  project: string,
  input: AdapterRegistration,
  now: number,
): Promise<{ adapter: AdapterRecord; replayed: boolean } | Rejection> {
  const known = await findAdapter(db, project, input.sha);
  if (known) {
    const {
      stage: _,
      batches,
      preferences: __,
      oldestVoteAt: ___,
      createdAt: ____,
      liveAt: _____,
      ...registered
    } = known;
    const isSame = batches.length === 0 && canonicalJson(registered) === canonicalJson(input);
    return isSame
      ? { adapter: known, replayed: true }
      : reject('already_exists', `There is an adapter ${input.sha} already.`);
  }
  const refused = await checkAdapter(db, project, input, 'anywhere');
  if (refused) return refused;
  const row = {
    ...input,
    encoder: input.encoder ?? null,
    curve: curveOf(input.losses),
    project,
    stage: 'staged',
    preferences: 0,
    oldestVoteAt: null,
    createdAt: now,
    liveAt: null,
  } as const;
  try {
    await db.insert(adapter).values(row);
  } catch (error) {
    if (isDuplicate(error, 'adapter')) return registerAdapter(db, project, input, now);
    throw error;
  }
  const { curve: _, ...added } = row;
  return { adapter: asAdapter({ adapter: added, batch: null }), replayed: false };
}

export async function findAdapter(db: Database, project: string, sha: string): Promise<AdapterRecord | null> {
  const row = await select(db, whole)
    .where(and(eq(adapter.project, project), eq(adapter.sha, sha)))
    .get();
  return row ? asAdapter(row) : null;
}

/** Newest first, with their losses thinned; null = of every domain. */
export async function listAdapters(
  db: Database,
  project: string,
  domain: string | null,
  limit: number,
): Promise<AdapterRecord[]> {
  const of =
    domain === null ? eq(adapter.project, project) : and(eq(adapter.project, project), eq(adapter.domain, domain));
  const rows = await select(db, listed)
    .where(of)
    .orderBy(desc(adapter.createdAt), desc(adapter.sha))
    .limit(limit)
    .all();
  return rows.map(asAdapter).map((record) => ({ ...record, losses: curveOf(record.losses) ?? record.losses }));
}

/** What lists show of losses, where that is not all of them; six digits, because a hundred curves are sent at once. */
export function curveOf(losses: readonly number[]): number[] | null {
  if (losses.length <= LISTED_LOSSES) return null;
  return thinCurve(losses, LISTED_LOSSES).map((mean) => Number(mean.toPrecision(6)));
}

/** One file of an adapter, as it was registered. */
export function fileOf(record: AdapterRecord, name: AdapterFileName) {
  return record.files.find((file) => file.name === name) ?? null;
}

// An adapter is made by one batch at most: a batch is completed once, with an adapter that did not exist before.
function select(db: Database, of: typeof whole | typeof listed) {
  return db
    .select({ adapter: of as typeof whole, batch: batch.id })
    .from(adapter)
    .leftJoin(batch, and(eq(batch.project, adapter.project), eq(batch.adapter, adapter.sha)));
}

function asAdapter({ adapter: { project: _, encoder, ...row }, batch }: Selected): AdapterRecord {
  const known = encoder === null ? {} : { encoder };
  return { ...row, ...known, files: row.files as AdapterRecord['files'], batches: batch === null ? [] : [batch] };
}
