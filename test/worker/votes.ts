/** Votes and comparisons made up for tests. */
import { uuidv7 } from '../../shared/math/uuidv7.ts';

type Json = Record<string, unknown>;

export function textCandidate(text: string, id = uuidv7()) {
  return { id, content: { type: 'text', text } };
}

/** An imported row: the first of two candidates is better. */
export function importedVote(n: number, rest: Json = {}) {
  const candidates = ['good', 'bad'].map((word) => textCandidate(`A ${word} answer to ${n}.`));
  return {
    id: uuidv7(),
    comparison: { domain: 'replies', prompt: { messages: [{ role: 'user', content: `Question ${n}?` }] }, candidates },
    choice: { type: 'pair', chosen: candidates[0]?.id },
    ...rest,
  };
}

export function importedVotes(count: number, rest: Json = {}) {
  return Array.from({ length: count }, (_, n) => importedVote(n, rest));
}
