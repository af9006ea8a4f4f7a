/** Keys with which a customer's server signs user tokens. */
import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import type { SigningKey } from '../../shared/contracts/key.ts';
import { type Database, isDuplicate } from './database.ts';
import type { ProjectRow } from './projects.ts';
import { project, signingKey } from './schema.ts';

export type SigningKeyRow = typeof signingKey.$inferSelect;

/** A signing key that is not revoked, with its project. */
export async function findSigningKey(
  db: Database,
  projectId: string,
  kid: string,
): Promise<{ signingKey: SigningKeyRow; project: ProjectRow } | null> {
  const rows = db
    .select({ signingKey, project })
    .from(signingKey)
    .innerJoin(project, eq(project.id, signingKey.project));
  const live = and(eq(signingKey.project, projectId), eq(signingKey.kid, kid), isNull(signingKey.revokedAt));
  return (await rows.where(live).get()) ?? null;
}

/** False when the project has, or had, a key of that name. */
export async function createSigningKey(db: Database, row: SigningKeyRow): Promise<boolean> {
  try {
    await db.insert(signingKey).values(row);
  } catch (error) {
    if (isDuplicate(error, 'signing_key')) return false;
    throw error;
  }
  return true;
}

export function listSigningKeys(db: Database, projectId: string): Promise<SigningKeyRow[]> {
  const rows = db.select().from(signingKey).where(eq(signingKey.project, projectId));
  return rows.orderBy(asc(signingKey.createdAt), asc(signingKey.kid)).all();
}

export async function revokeSigningKey(
  db: Database,
  projectId: string,
  kid: string,
  now: number,
): Promise<SigningKeyRow | null> {
  const changed = db
    .update(signingKey)
    .set({ revokedAt: sql`coalesce(${signingKey.revokedAt}, ${now})` })
    .where(and(eq(signingKey.project, projectId), eq(signingKey.kid, kid)));
  return (await changed.returning().get()) ?? null;
}

export function asSigningKey(row: SigningKeyRow): SigningKey {
  const { project: _, material: __, ...shown } = row;
  return shown;
}
