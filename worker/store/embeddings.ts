/** The embedding that was made last of a person's votes under an encoder. */
import type { Embedded } from '../encoder/embed.ts';
import type { Database } from './database.ts';
import { memoryOf, personKey } from './taste-memory.ts';

/** `lastSeq` 0 = no vote yet. */
export type Made = Embedded & { lastSeq: number; updatedAt: number };

/** Of two that were made at once, the one that knows the later vote stays. */
const KEEP = `INSERT INTO embedding (project, domain, user, encoder, last_seq, votes, "values", uncertainty, unusable, updated_at)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
  ON CONFLICT (project, domain, user, encoder) DO UPDATE SET last_seq = excluded.last_seq, votes = excluded.votes,
    "values" = excluded."values", uncertainty = excluded.uncertainty, unusable = excluded.unusable, updated_at = excluded.updated_at
  WHERE excluded.last_seq > embedding.last_seq`;

type Place = { domain: string; user: string; encoder: string };

/** Until it is kept, this isolate answers with it. */
export function holdEmbedding(db: Database, project: string, { domain, user, encoder }: Place, made: Made): void {
  const held = memoryOf(db).made;
  const person = personKey(project, domain, user, encoder);
  if (made.lastSeq > (held.find(person)?.lastSeq ?? 0)) held.keep(person, made);
}

/** Whether this isolate made one of a later vote since, or the same one before. */
export function isOutdated(db: Database, project: string, { domain, user, encoder }: Place, made: Made): boolean {
  const held = memoryOf(db).made.find(personKey(project, domain, user, encoder));
  return held !== undefined && held !== made;
}

export async function keepEmbedding(
  db: Database,
  project: string,
  { domain, user, encoder }: Place,
  { lastSeq, votes, values, uncertainty, unusable, updatedAt }: Made,
): Promise<void> {
  const json = [values, uncertainty, unusable].map((value) => JSON.stringify(value));
  await db.$client
    .prepare(KEEP)
    .bind(project, domain, user, encoder, lastSeq, votes, ...json, updatedAt)
    .run();
}
