/** Keys: kept as hashes. */
import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import type { Key } from '../../shared/contracts/key.ts';
import type { Database } from './database.ts';
import type { ProjectRow } from './projects.ts';
import { key, project } from './schema.ts';

export type KeyRow = typeof key.$inferSelect;

/** A key that is not revoked, with its project. */
export async function findKey(db: Database, id: string): Promise<{ key: KeyRow; project: ProjectRow } | null> {
  const rows = db.select({ key, project }).from(key).innerJoin(project, eq(project.id, key.project));
  return (await rows.where(and(eq(key.id, id), isNull(key.revokedAt))).get()) ?? null;
}

export async function createKey(db: Database, row: KeyRow): Promise<void> {
  await db.insert(key).values(row);
}

/** Oldest first, the revoked ones included. */
export function listKeys(db: Database, projectId: string): Promise<KeyRow[]> {
  return db.select().from(key).where(eq(key.project, projectId)).orderBy(asc(key.createdAt), asc(key.id)).all();
}

/**
 * Revokes for good; revoking again keeps the first time. null = no such key in the project, or it is the last key with
 * the scope admin (nobody could make another one).
 */
export async function revokeKey(db: Database, projectId: string, id: string, now: number): Promise<KeyRow | null> {
  const isAdmin = (scopes: string) => sql`EXISTS (SELECT 1 FROM json_each(${sql.raw(scopes)}) WHERE value = 'admin')`;
  const another = sql`EXISTS (SELECT 1 FROM key AS other WHERE other.project = ${projectId} AND other.id <> ${id}
    AND other.revoked_at IS NULL AND ${isAdmin('other.scopes')})`;
  const changed = db
    .update(key)
    .set({ revokedAt: sql`coalesce(${key.revokedAt}, ${now})` })
    .where(and(eq(key.project, projectId), eq(key.id, id), sql`(NOT ${isAdmin('key.scopes')} OR ${another})`));
  return (await changed.returning().get()) ?? null;
}

export async function keyExists(db: Database, projectId: string, id: string): Promise<boolean> {
  const row = await db
    .select({ id: key.id })
    .from(key)
    .where(and(eq(key.project, projectId), eq(key.id, id)))
    .get();
  return row !== undefined;
}

export function asKey(row: KeyRow): Key {
  const { project: _, hash: __, ...shown } = row;
  return shown;
}
