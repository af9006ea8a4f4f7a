/** Domains: a recipe, its settings, and the two pointers head and live. */
import { and, asc, eq } from 'drizzle-orm';
import type { Domain, DomainInput, DomainPatch } from '../../shared/contracts/domain.ts';
import { type Database, isDuplicate } from './database.ts';
import { domain } from './schema.ts';

export type DomainRow = typeof domain.$inferSelect;

const NEW = { head: null, live: null, encoder: null } as const;

/** The new row, or null when the project has a domain of that id. */
export async function createDomain(
  db: Database,
  project: string,
  input: DomainInput,
  now: number,
): Promise<DomainRow | null> {
  const row = { ...input, project, system: input.system ?? null, createdAt: now, ...NEW };
  try {
    await db.insert(domain).values(row);
  } catch (error) {
    if (isDuplicate(error, 'domain')) return null;
    throw error;
  }
  return row;
}

export async function findDomain(db: Database, project: string, id: string): Promise<DomainRow | null> {
  return (
    (await db
      .select()
      .from(domain)
      .where(and(eq(domain.project, project), eq(domain.id, id)))
      .get()) ?? null
  );
}

/** In the order of their ids. */
export function listDomains(db: Database, project: string): Promise<DomainRow[]> {
  return db.select().from(domain).where(eq(domain.project, project)).orderBy(asc(domain.id)).all();
}

/** The changed row, or null. A patch without a member changes nothing and is allowed. */
export async function patchDomain(
  db: Database,
  project: string,
  id: string,
  patch: DomainPatch,
): Promise<DomainRow | null> {
  if (Object.values(patch).every((value) => value === undefined)) return findDomain(db, project, id);
  const changed = db
    .update(domain)
    .set(patch)
    .where(and(eq(domain.project, project), eq(domain.id, id)));
  return (await changed.returning().get()) ?? null;
}

export function asDomain(row: DomainRow): Domain {
  const { project: _, system, ...shown } = row;
  return { ...shown, ...(system !== null && { system }) };
}
