/** Projects: the tenants. */
import { eq } from 'drizzle-orm';
import type { Project, ProjectInput, ProjectPatch } from '../../shared/contracts/project.ts';
import { atomic, type Database, isDuplicate } from './database.ts';
import type { KeyRow } from './keys.ts';
import { key, project } from './schema.ts';

export type ProjectRow = typeof project.$inferSelect;

/** The project with its first key, or null when the id is taken. */
export async function createProject(db: Database, input: ProjectInput, secret: string, firstKey: KeyRow, now: number) {
  const row: ProjectRow = {
    id: input.id,
    name: input.name ?? input.id,
    allowedOrigins: input.allowedOrigins,
    requireAssignment: input.requireAssignment,
    secret,
    createdAt: now,
  };
  try {
    await atomic(db, [db.insert(project).values(row), db.insert(key).values(firstKey)]);
  } catch (error) {
    if (isDuplicate(error, 'project')) return null;
    throw error;
  }
  return row;
}

export async function findProject(db: Database, id: string): Promise<ProjectRow | null> {
  return (await db.select().from(project).where(eq(project.id, id)).get()) ?? null;
}

/** The changed row; a patch without a member changes nothing and is allowed. */
export async function patchProject(db: Database, id: string, patch: ProjectPatch): Promise<ProjectRow | null> {
  if (Object.values(patch).every((value) => value === undefined)) return findProject(db, id);
  return (await db.update(project).set(patch).where(eq(project.id, id)).returning().get()) ?? null;
}

export function asProject(row: ProjectRow): Project {
  const { secret: _, ...shown } = row;
  return shown;
}
