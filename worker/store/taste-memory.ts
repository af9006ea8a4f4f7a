/** What an isolate need not read again to make an embedding: encoders never change, nor do votes and features. */
import type { EncoderInput } from '../../shared/contracts/encoder.ts';
import type { TasteVote } from '../encoder/vote-pairs.ts';
import type { Database } from './database.ts';
import type { Made } from './embeddings.ts';
import { Recent } from './recent.ts';

/** Of one database. */
type Memory = {
  /** That a domain had last, or that were asked for. */
  encoders: Recent<EncoderInput>;
  /** The votes that counted last, by their numbers, and the number up to which all were read. */
  votes: Recent<{ upTo: number; bySeq: ReadonlyMap<number, TasteVote> }>;
  /** As they were given out: each is on its way to the disk, or there. */
  made: Recent<Made>;
};

/**
 * In units of 8 bytes, about 16 MB and 4 MB, of an isolate's 128: what a person, a vote and a candidate take beside their numbers
 * counts too, because votes without features and short vectors are mostly that.
 */
const [MOST_OF_VOTES, MOST_MADE] = [2_000_000, 500_000];
const [A_PERSON, A_VOTE, A_CANDIDATE, A_REASON] = [64, 32, 24, 20];

const memories = new WeakMap<object, Memory>();

export function memoryOf({ $client }: Database): Memory {
  const memory = memories.get($client) ?? {
    encoders: new Recent(32),
    votes: new Recent(MOST_OF_VOTES, ({ bySeq }) =>
      [...bySeq.values()].reduce((sum, vote) => sum + sizeOf(vote), A_PERSON),
    ),
    made: new Recent(
      MOST_MADE,
      ({ values, uncertainty, unusable }) => A_PERSON + values.length + uncertainty.length + A_REASON * unusable.length,
    ),
  };
  memories.set($client, memory);
  return memory;
}

function sizeOf({ candidates }: TasteVote): number {
  return candidates.reduce((sum, { features }) => sum + A_CANDIDATE + (features ? features.length : 0), A_VOTE);
}

/** Of `votes` and `made`. */
export function personKey(project: string, domain: string, user: string, encoder: string): string {
  return `${project} ${domain} ${user} ${encoder}`;
}
