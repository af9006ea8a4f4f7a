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

/** 16 MB and 4 MB of numbers: an isolate has 128 MB for everything. */
const [MOST_FEATURES, MOST_VALUES] = [2_000_000, 500_000];

const memories = new WeakMap<object, Memory>();

export function memoryOf({ $client }: Database): Memory {
  const memory = memories.get($client) ?? {
    encoders: new Recent(32),
    votes: new Recent(MOST_FEATURES, ({ bySeq }) => [...bySeq.values()].reduce((sum, vote) => sum + sizeOf(vote), 0)),
    made: new Recent(MOST_VALUES, ({ values }) => values.length),
  };
  memories.set($client, memory);
  return memory;
}

function sizeOf({ candidates }: TasteVote): number {
  return candidates.reduce((sum, { features }) => sum + (features ? features.length : 0), 0);
}

/** Of `votes` and `made`. */
export function personKey(project: string, domain: string, user: string, encoder: string): string {
  return `${project} ${domain} ${user} ${encoder}`;
}
