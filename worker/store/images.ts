/** Pictures: a row of facts for each, under the hash of its bytes. */
import { and, eq } from 'drizzle-orm';
import type { Image } from '../../shared/contracts/image.ts';
import type { Database } from './database.ts';
import { image } from './schema.ts';

export async function findImage(db: Database, project: string, sha256: string): Promise<Image | null> {
  const at = and(eq(image.project, project), eq(image.sha256, sha256));
  const row = await db.select().from(image).where(at).get();
  if (!row) return null;
  const { project: _, createdAt: __, ...facts } = row;
  return facts;
}

/** Remembers a picture whose bytes are in the bucket; remembering it again changes nothing. */
export async function addImage(db: Database, project: string, facts: Image, now: number): Promise<void> {
  await db
    .insert(image)
    .values({ project, ...facts, createdAt: now })
    .onConflictDoNothing();
}

export const KNOWN_IMAGES = `SELECT i.sha256 FROM json_each(?1) AS e CROSS JOIN image AS i ON i.project = ?2 AND i.sha256 = e.value`;

/** The first of these pictures that the project does not have, or null. */
export async function missingImage(db: Database, project: string, hashes: readonly string[]): Promise<string | null> {
  if (hashes.length === 0) return null;
  const statement = db.$client.prepare(KNOWN_IMAGES).bind(JSON.stringify(hashes), project);
  const known = new Set((await statement.all<{ sha256: string }>()).results.map(({ sha256 }) => sha256));
  return hashes.find((sha256) => !known.has(sha256)) ?? null;
}
