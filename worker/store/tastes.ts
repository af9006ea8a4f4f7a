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

export type TasteVoteRow = {
  id: string;
  choice: string;
  confidence: number;
  weight: number;
  dealt: string;
  features: string;
};

type UnreadRow = TasteVoteRow & { seq: number };

/** `seqs` is null when the embedding is up to date. */
type TasteRow = {
  body: string | null;
  encoderAt: number;
  lastSeq: number;
  madeSeq: number | null;
  votes: number;
  values: string;
  uncertainty: string;
  unusable: string;
  updatedAt: number;
  seqs: string | null;
};

const SHA = 'coalesce(?4, (SELECT d.encoder FROM domain AS d WHERE d.project = ?1 AND d.id = ?2))';
const SPACE = `(SELECT e.body ->> '$.space' FROM encoder AS e WHERE e.project = ?1 AND e.sha = ${SHA})`;

const MADE = `SELECT m.last_seq FROM embedding AS m WHERE m.project = ?1 AND m.domain = ?2 AND m.user = ?3 AND m.encoder = ${SHA}`;

const LAST = `SELECT p.seq FROM preference AS p INDEXED BY preference_user
  WHERE p.project = ?1 AND p.domain = ?2 AND p.user = ?3 ORDER BY p.seq DESC LIMIT 1`;

/** A vote that was replaced says nothing any more. */
const COUNTING = 'p.project = ?1 AND p.domain = ?2 AND p.user = ?3 AND p.superseded_by IS NULL';

/** Which votes count: their numbers alone. */
const SEQS = `SELECT json_group_array(n.seq) FROM (SELECT p.seq FROM preference AS p INDEXED BY preference_user
  WHERE ${COUNTING} ORDER BY p.seq DESC LIMIT ${MAX_EMBEDDED_VOTES}) AS n`;

/** Those after ?6 in full: the isolate holds the others under the encoder ?5. A row each, because D1 gives no value above 2 MB. */
export const TASTE_VOTES = `SELECT p.seq, p.id, p.choice, p.confidence, p.weight, c.candidates AS dealt, ${featuresOf(SPACE)} AS features
  FROM preference AS p INDEXED BY preference_user
  CROSS JOIN comparison AS c ON c.project = p.project AND c.id = p.comparison
  WHERE ${COUNTING} AND p.seq > CASE WHEN ${SHA} IS ?5 THEN ?6 ELSE 0 END ORDER BY p.seq DESC
  LIMIT CASE WHEN ${SPACE} IS NULL OR (${MADE}) IS (${LAST}) THEN 0 ELSE ${MAX_EMBEDDED_VOTES} END`;

/** ?4 = the encoder; null = the domain's. ?5 = the encoder that the isolate holds already. */
export const TASTE = `SELECT CASE WHEN e.sha = ?5 THEN NULL ELSE e.body END AS body, e.created_at AS encoderAt,
    coalesce((${LAST}), 0) AS lastSeq, m.last_seq AS madeSeq, m.votes, m."values", m.uncertainty, m.unusable, m.updated_at AS updatedAt,
    CASE WHEN m.last_seq IS NOT (${LAST}) THEN (${SEQS}) END AS seqs
  FROM domain AS d CROSS JOIN encoder AS e ON e.project = d.project AND e.sha = coalesce(?4, d.encoder)
  LEFT JOIN embedding AS m ON m.project = d.project AND m.domain = d.id AND m.user = ?3 AND m.encoder = e.sha
  WHERE d.project = ?1 AND d.id = ?2`;

/** One round trip. null = the domain has no encoder. */
export async function findTaste(
  db: Database,
  project: string,
  whose: { domain: string; user: string; encoder: string | null },
): Promise<Taste | null> {
  const { domain, user } = whose;
  const memory = memoryOf(db);
  const place = `${project} ${domain} ${whose.encoder}`;
  const known = memory.encoders.find(place);
  const read = known && memory.votes.find(personKey(project, domain, user, known.sha));
  const values = [project, domain, user, whose.encoder, known?.sha ?? ''];
  const [tastes, unread] = await db.$client.batch<unknown>([
    db.$client.prepare(TASTE).bind(...values),
    db.$client.prepare(TASTE_VOTES).bind(...values, read?.upTo ?? 0),
  ]);
  const row = tastes?.results[0] as TasteRow | undefined;
  if (!row) return null;
  const encoder = row.body === null ? (known as EncoderInput) : (JSON.parse(row.body) as EncoderInput);
  memory.encoders.keep(place, encoder);
  const person = personKey(project, domain, user, encoder.sha);
  const { encoderAt, lastSeq } = row;
  const held = memory.made.find(person);
  const made = held?.lastSeq === lastSeq ? held : readMade(row);
  const bySeq = readVotes(
    row.seqs,
    (unread?.results ?? []) as UnreadRow[],
    encoder === known ? read?.bySeq : undefined,
  );
  if (!bySeq) {
    memory.votes.forget(person);
    return findTaste(db, project, whose);
  }
  if (lastSeq === 0) {
    memory.votes.forget(person);
    memory.made.forget(person);
  } else if (bySeq.size > 0) memory.votes.keep(person, { upTo: lastSeq, bySeq });
  return { encoder, encoderAt, lastSeq, made, votes: [...bySeq.values()] };
}

/** The votes that count, the newest first; null = one counts again, since a later one is gone, that is not among `held`. */
function readVotes(seqs: string | null, unread: readonly UnreadRow[], held?: ReadonlyMap<number, TasteVote>) {
  const known = new Map(held);
  for (const row of unread) known.set(row.seq, readTasteVote(row));
  const votes = new Map<number, TasteVote>();
  for (const seq of (JSON.parse(seqs ?? '[]') as number[]).sort((one, other) => other - one)) {
    const vote = known.get(seq);
    if (!vote && held) return null;
    if (vote) votes.set(seq, vote);
  }
  return votes;
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
