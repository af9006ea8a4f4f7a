/** A vote that says what it must of a taste, and nothing else. */
import type { PreferenceInput } from '../../shared/contracts/preference.ts';
import { uuidv7 } from '../../shared/math/uuidv7.ts';

type Said = { domain: string; user: string; space: string; chosen: number[]; rejected: number[]; weight?: number };

export function featureVote({ domain, user, space, chosen, rejected, weight = 1 }: Said): PreferenceInput {
  const id = uuidv7();
  const candidates = [chosen, rejected].map((values, i) => {
    return { id: uuidv7(), content: { type: 'text' as const, text: `${i} of ${id}` }, features: [{ space, values }] };
  });
  const prompt = { messages: [{ role: 'user' as const, content: `What is better? ${id}` }] };
  const choice = { type: 'pair' as const, chosen: candidates[0]?.id ?? '' };
  return { id, user, weight, comparison: { domain, kind: 'pair', prompt, candidates }, choice };
}
