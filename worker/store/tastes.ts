/** A person's taste as it is stored: the encoder, the votes that count with their features, and what was made of them last. */
import { type EncoderInput, MAX_EMBEDDED_VOTES } from '../../shared/contracts/encoder.ts';
import type { Choice } from '../../shared/contracts/preference.ts';
import type { TasteVote } from '../encoder/vote-pairs.ts';
import type { Database } from './database.ts';
import type { Made } from './embeddings.ts';
import { memoryOf, personKey } from './taste-memory.ts';
import { featuresOf, type Vectors } from './vectors.ts';

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

/** Votes that say something still; none when the embedding is up to date. */
const NEWEST = `p.project = ?1 AND p.domain = ?2 AND p.user = ?3 AND p.superseded_by IS NULL`;
const MOST = `CASE WHEN ${SPACE} IS NULL OR (${MADE}) IS (${LAST}) THEN 0 ELSE ${MAX_EMBEDDED_VOTES} END`;

/** Which votes count: their numbers alone. */
export const TASTE_SEQS = `SELECT json_group_array(n.seq) AS seqs
  FROM (SELECT p.seq FROM preference AS p INDEXED BY preference_user WHERE ${NEWEST} ORDER BY p.seq DESC LIMIT ${MOST}) AS n`;

/** Those after ?6 in full: the isolate holds the others under the encoder ?5. */
export const TASTE_VOTES = `SELECT p.seq, p.id, p.choice, p.confidence, p.weight, c.candidates AS dealt, ${featuresOf(SPACE)} AS features
  FROM preference AS p INDEXED BY preference_user
  CROSS JOIN comparison AS c ON c.project = p.project AND c.id = p.comparison
  WHERE ${NEWEST} AND p.seq > CASE WHEN ${SHA} IS ?5 THEN ?6 ELSE 0 END ORDER BY p.seq DESC LIMIT ${MOST}`;

export type TasteVoteRow = {
  id: string;
  choice: string;
  confidence: number;
  weight: number;
  dealt: string;
  features: string;
};

type UnreadRow = TasteVoteRow & { seq: number };

/** One round trip. null = the domain has no encoder. */
export async function findTaste(
  db: Database,
  project: string,
  { domain, user, encoder }: { domain: string; user: string; encoder: string | null },
): Promise<Taste | null> {
  const memory = memoryOf(db);
  const place = `${project} ${domain} ${encoder}`;
  const known = memory.encoders.find(place);
  const read = known && memory.votes.find(personKey(project, domain, user, known.sha));
  const values = [project, domain, user, encoder, known?.sha ?? ''];
  const [tastes, counted, unread] = await db.$client.batch<Record<string, unknown>>([
    db.$client.prepare(TASTE).bind(...values),
    db.$client.prepare(TASTE_SEQS).bind(...values.slice(0, 4)),
    db.$client.prepare(TASTE_VOTES).bind(...values, read?.upTo ?? 0),
  ]);
  const row = tastes?.results[0] as TasteRow | undefined;
  if (!row) return null;
  const its = row.body === null ? (known as EncoderInput) : (JSON.parse(row.body) as EncoderInput);
  memory.encoders.keep(place, its);
  const person = personKey(project, domain, user, its.sha);
  const { encoderAt, lastSeq } = row;
  const held = memory.made.find(person);
  const made = held?.lastSeq === lastSeq ? held : readMade(row);

  const bySeq = new Map(its === known ? read?.bySeq : []);
  for (const each of (unread?.results ?? []) as UnreadRow[]) bySeq.set(each.seq, readTasteVote(each));
  const seqs = JSON.parse(String(counted?.results[0]?.seqs)) as number[];
  const counting = new Map<number, TasteVote>();
  for (const seq of seqs.sort((one, other) => other - one)) {
    const vote = bySeq.get(seq);
    if (vote) counting.set(seq, vote);
  }
  if (read && counting.size < seqs.length) {
    // A later vote is gone, and one counts again that this isolate does not hold.
    memory.votes.forget(person);
    return findTaste(db, project, { domain, user, encoder });
  }
  if (counting.size > 0) memory.votes.keep(person, { upTo: lastSeq, bySeq: counting });
  return { encoder: its, encoderAt, lastSeq, made, votes: [...counting.values()] };
}

function readMade({ madeSeq, votes, values, uncertainty, unusable, updatedAt }: TasteRow): Made | null {
  if (madeSeq === null) return null;
  return {
    ...{ lastSeq: madeSeq, votes, updatedAt, values: JSON.parse(values) as number[] },
    ...{ uncertainty: JSON.parse(uncertainty) as number[], unusable: JSON.parse(unusable) as Made['unusable'] },
  };
}

export function readTasteVote({ id, choice, confidence, weight, dealt, features }: TasteVoteRow): TasteVote {
  const vectors = JSON.parse(features) as Vectors;
  const candidates = (JSON.parse(dealt) as string[]).map((each) => ({ id: each, features: vectors[each] ?? null }));
  return { id, choice: JSON.parse(choice) as Choice, confidence, weight, candidates };
}
