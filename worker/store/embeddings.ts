/** A person's votes as features, and the embedding that was last made of them under an encoder. */
import type { EncoderInput } from '../../shared/contracts/encoder.ts';
import { MAX_EMBEDDED_VOTES } from '../../shared/contracts/encoder.ts';
import type { Choice } from '../../shared/contracts/preference.ts';
import type { Embedded } from '../encoder/embed.ts';
import type { TasteVote } from '../encoder/vote-pairs.ts';
import type { Database } from './database.ts';
import { findVectors, type Vectors } from './vectors.ts';

/** `lastSeq` 0 = no vote yet. */
export type Made = Embedded & { lastSeq: number; updatedAt: number };

/** What there is to know before anything is computed. */
export type Taste = {
  encoder: string;
  kind: EncoderInput['kind'];
  tokens: number;
  width: number;
  /** Shas of a mixture's adapters. */
  basis: string[];
  encoderAt: number;
  lastSeq: number;
  /** As it was computed last; out of date when its lastSeq is. */
  made: Made | null;
};

type TasteRow = Omit<Taste, 'basis' | 'made'> & {
  basis: string | null;
  madeSeq: number | null;
  votes: number;
  values: string;
  uncertainty: string;
  unusable: string;
  updatedAt: number;
};

const LAST = `SELECT p.seq FROM preference AS p INDEXED BY preference_user
  WHERE p.project = ?1 AND p.domain = ?2 AND p.user = ?3 ORDER BY p.seq DESC LIMIT 1`;

/** ?4 = the encoder; null = the domain's. */
export const TASTE = `SELECT e.sha AS encoder, e.body ->> '$.kind' AS kind, e.created_at AS encoderAt,
    coalesce(e.body ->> '$.tokens', 1) AS tokens, coalesce(e.body ->> '$.width', e.body ->> '$.featureSize') AS width,
    e.body -> '$.basis' AS basis, coalesce((${LAST}), 0) AS lastSeq, m.last_seq AS madeSeq, m.votes, m."values",
    m.uncertainty, m.unusable, m.updated_at AS updatedAt
  FROM domain AS d CROSS JOIN encoder AS e ON e.project = d.project AND e.sha = coalesce(?4, d.encoder)
  LEFT JOIN embedding AS m ON m.project = d.project AND m.domain = d.id AND m.user = ?3 AND m.encoder = e.sha
  WHERE d.project = ?1 AND d.id = ?2`;

/** null = the domain has no encoder. */
export async function findTaste(
  db: Database,
  project: string,
  { domain, user, encoder }: { domain: string; user: string; encoder: string | null },
): Promise<Taste | null> {
  const row = await db.$client.prepare(TASTE).bind(project, domain, user, encoder).first<TasteRow>();
  if (!row) return null;
  const { madeSeq, votes, values, uncertainty, unusable, updatedAt, basis, ...taste } = row;
  const made = madeSeq !== null && {
    ...{ lastSeq: madeSeq, votes, updatedAt, values: JSON.parse(values) as number[] },
    ...{ uncertainty: JSON.parse(uncertainty) as number[], unusable: JSON.parse(unusable) as Made['unusable'] },
  };
  const adapters = (JSON.parse(basis ?? '[]') as { adapter: string }[]).map(({ adapter }) => adapter);
  return { ...taste, basis: adapters, made: made || null };
}

/** A vote that was replaced says nothing any more. */
export const TASTE_VOTES = `SELECT p.id, p.comparison, p.choice, p.confidence, p.weight, c.candidates AS dealt
  FROM preference AS p INDEXED BY preference_user
  CROSS JOIN comparison AS c ON c.project = p.project AND c.id = p.comparison
  WHERE p.project = ?1 AND p.domain = ?2 AND p.user = ?3 AND p.superseded_by IS NULL ORDER BY p.seq DESC LIMIT ${MAX_EMBEDDED_VOTES}`;

export type TasteVoteRow = {
  id: string;
  choice: string;
  confidence: number;
  weight: number;
  dealt: string;
};

export function readTasteVote({ id, choice, confidence, weight, dealt }: TasteVoteRow, vectors: Vectors): TasteVote {
  const candidates = (JSON.parse(dealt) as string[]).map((each) => ({ id: each, features: vectors[each] ?? null }));
  return { id, choice: JSON.parse(choice) as Choice, confidence, weight, candidates };
}

const BODY = 'SELECT body FROM encoder WHERE project = ?1 AND sha = ?2';

/** The encoder whole, the person's newest votes, and the number of the last one: as of one moment. Vectors never change. */
export async function gatherVotes(
  db: Database,
  project: string,
  { domain, user, encoder }: { domain: string; user: string; encoder: string },
): Promise<{ encoder: EncoderInput; lastSeq: number; votes: TasteVote[] }> {
  const run = (sql: string, ...values: unknown[]) => db.$client.prepare(sql).bind(project, ...values);
  const [body, last, votes] = await db.$client.batch<Record<string, unknown>>([
    run(BODY, encoder),
    run(LAST, domain, user),
    run(TASTE_VOTES, domain, user),
  ]);
  const rows = (votes?.results ?? []) as (TasteVoteRow & { comparison: string })[];
  const whole = JSON.parse(body?.results[0]?.body as string) as EncoderInput;
  const comparisons = rows.map(({ comparison }) => comparison);
  const vectors = await findVectors(db, project, whole.space, comparisons);
  return {
    encoder: whole,
    lastSeq: (last?.results[0]?.seq as number | undefined) ?? 0,
    votes: rows.map((row) => readTasteVote(row, vectors.get(row.comparison) ?? {})),
  };
}

/** Of two that were made at once, the one that knows the later vote stays. */
const KEEP = `INSERT INTO embedding (project, domain, user, encoder, last_seq, votes, "values", uncertainty, unusable, updated_at)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
  ON CONFLICT (project, domain, user, encoder) DO UPDATE SET last_seq = excluded.last_seq, votes = excluded.votes,
    "values" = excluded."values", uncertainty = excluded.uncertainty, unusable = excluded.unusable, updated_at = excluded.updated_at
  WHERE excluded.last_seq > embedding.last_seq`;

export async function keepEmbedding(
  db: Database,
  project: string,
  { domain, user, encoder }: { domain: string; user: string; encoder: string },
  { lastSeq, votes, values, uncertainty, unusable, updatedAt }: Made,
): Promise<void> {
  const json = [values, uncertainty, unusable].map((value) => JSON.stringify(value));
  await db.$client
    .prepare(KEEP)
    .bind(project, domain, user, encoder, lastSeq, votes, ...json, updatedAt)
    .run();
}
