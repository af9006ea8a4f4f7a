/** A person's votes as features, and the embedding that was last made of them under an encoder. */
import type { EncoderInput } from '../../shared/contracts/encoder.ts';
import { MAX_EMBEDDED_VOTES } from '../../shared/contracts/encoder.ts';
import type { Choice } from '../../shared/contracts/preference.ts';
import type { Embedded } from '../encoder/embed.ts';
import type { TasteVote } from '../encoder/vote-pairs.ts';
import type { Database } from './database.ts';
import { Recent } from './recent.ts';
import { featuresOf, findVectors, type Vectors } from './vectors.ts';

/** `lastSeq` 0 = no vote yet. */
export type Made = Embedded & { lastSeq: number; updatedAt: number };

/** Everything that an embedding is made of, as of one moment. */
export type Taste = {
  encoder: EncoderInput;
  encoderAt: number;
  lastSeq: number;
  /** As it was computed last; out of date when its lastSeq is. */
  made: Made | null;
  /** The newest that were not replaced; none are read when `made` is up to date. */
  votes: TasteVote[];
};

type TasteRow = {
  encoder: string;
  body: string | null;
  encoderAt: number;
  lastSeq: number;
  madeSeq: number | null;
  votes: number;
  values: string;
  uncertainty: string;
  unusable: string;
  updatedAt: number;
};

const LAST = `SELECT p.seq FROM preference AS p INDEXED BY preference_user
  WHERE p.project = ?1 AND p.domain = ?2 AND p.user = ?3 ORDER BY p.seq DESC LIMIT 1`;

/** ?4 = the encoder; null = the domain's. ?5 = the encoder that the isolate holds already. */
export const TASTE = `SELECT e.sha AS encoder, CASE WHEN e.sha = ?5 THEN NULL ELSE e.body END AS body, e.created_at AS encoderAt,
    coalesce((${LAST}), 0) AS lastSeq, m.last_seq AS madeSeq, m.votes, m."values", m.uncertainty, m.unusable, m.updated_at AS updatedAt
  FROM domain AS d CROSS JOIN encoder AS e ON e.project = d.project AND e.sha = coalesce(?4, d.encoder)
  LEFT JOIN embedding AS m ON m.project = d.project AND m.domain = d.id AND m.user = ?3 AND m.encoder = e.sha
  WHERE d.project = ?1 AND d.id = ?2`;

const SHA = 'coalesce(?4, (SELECT d.encoder FROM domain AS d WHERE d.project = ?1 AND d.id = ?2))';
const SPACE = `(SELECT e.body ->> '$.space' FROM encoder AS e WHERE e.project = ?1 AND e.sha = ${SHA})`;
const MADE = `SELECT m.last_seq FROM embedding AS m WHERE m.project = ?1 AND m.domain = ?2 AND m.user = ?3 AND m.encoder = ${SHA}`;

/**
 * Without those that were replaced, which say nothing any more; none when the embedding is up to date. The isolate has read the
 * features of votes up to ?6 under the encoder ?5: they stay where they are.
 */
export const TASTE_VOTES = `SELECT p.id, p.comparison, p.choice, p.confidence, p.weight, c.candidates AS dealt,
    CASE WHEN p.seq > ?6 OR ${SHA} IS NOT ?5 THEN ${featuresOf(SPACE)} END AS features
  FROM preference AS p INDEXED BY preference_user
  CROSS JOIN comparison AS c ON c.project = p.project AND c.id = p.comparison
  WHERE p.project = ?1 AND p.domain = ?2 AND p.user = ?3 AND p.superseded_by IS NULL
  ORDER BY p.seq DESC LIMIT CASE WHEN ${SPACE} IS NULL OR (${MADE}) IS (${LAST}) THEN 0 ELSE ${MAX_EMBEDDED_VOTES} END`;

export type TasteVoteRow = {
  id: string;
  choice: string;
  confidence: number;
  weight: number;
  dealt: string;
};

type GatheredRow = TasteVoteRow & { comparison: string; features: string | null };

/** What an isolate need not read again of one database: encoders never change, nor do features. */
type Memory = {
  /** That a domain had last, or that were asked for. */
  encoders: Recent<EncoderInput>;
  /** Number of the person's last vote of which the features were read. */
  read: Recent<number>;
  /** As they were given out: each is on its way to the disk, or there. */
  made: Recent<Made>;
};

/** 4 MB of numbers. */
const MOST_NUMBERS = 500_000;

const memories = new WeakMap<object, Memory>();

function memoryOf({ $client }: Database): Memory {
  const memory = memories.get($client) ?? {
    encoders: new Recent(32),
    read: new Recent(10_000),
    made: new Recent(MOST_NUMBERS, ({ values }) => values.length),
  };
  memories.set($client, memory);
  return memory;
}

/** One round trip, unless features went out of memory that were read before. null = the domain has no encoder. */
export async function findTaste(
  db: Database,
  project: string,
  { domain, user, encoder }: { domain: string; user: string; encoder: string | null },
): Promise<Taste | null> {
  const { encoders, read, made } = memoryOf(db);
  const place = `${project} ${domain} ${encoder}`;
  const known = encoders.find(place);
  const values = [project, domain, user, encoder, known?.sha ?? ''];
  const readSeq = (known && read.find(personKey(project, domain, user, known.sha))) ?? 0;
  const [tastes, gathered] = await db.$client.batch([
    db.$client.prepare(TASTE).bind(...values),
    db.$client.prepare(TASTE_VOTES).bind(...values, readSeq),
  ]);
  const row = tastes?.results[0] as TasteRow | undefined;
  if (!row) return null;
  const its = row.body === null ? (known as EncoderInput) : (JSON.parse(row.body) as EncoderInput);
  encoders.keep(place, its);
  const person = personKey(project, domain, user, its.sha);
  const votes = await readTasteVotes(db, project, its.space, (gathered?.results ?? []) as GatheredRow[]);
  if (votes.length > 0) read.keep(person, row.lastSeq);
  const { encoderAt, lastSeq } = row;
  const held = made.find(person);
  return { encoder: its, encoderAt, lastSeq, made: held?.lastSeq === lastSeq ? held : readMade(row), votes };
}

function personKey(project: string, domain: string, user: string, encoder: string): string {
  return `${project} ${domain} ${user} ${encoder}`;
}

function readMade({ madeSeq, votes, values, uncertainty, unusable, updatedAt }: TasteRow): Made | null {
  if (madeSeq === null) return null;
  return {
    ...{ lastSeq: madeSeq, votes, updatedAt, values: JSON.parse(values) as number[] },
    ...{ uncertainty: JSON.parse(uncertainty) as number[], unusable: JSON.parse(unusable) as Made['unusable'] },
  };
}

async function readTasteVotes(db: Database, project: string, space: string, rows: readonly GatheredRow[]) {
  const given = new Map<string, Vectors>();
  for (const { comparison, features } of rows) if (features !== null) given.set(comparison, JSON.parse(features));
  const comparisons = rows.map(({ comparison }) => comparison);
  const vectors = await findVectors(db, project, space, comparisons, given);
  return rows.map((row) => readTasteVote(row, vectors.get(row.comparison) ?? {}));
}

export function readTasteVote({ id, choice, confidence, weight, dealt }: TasteVoteRow, vectors: Vectors): TasteVote {
  const candidates = (JSON.parse(dealt) as string[]).map((each) => ({ id: each, features: vectors[each] ?? null }));
  return { id, choice: JSON.parse(choice) as Choice, confidence, weight, candidates };
}

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
