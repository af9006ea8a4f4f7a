/** Judgements → the pairs of an example: each two completions once, the weights summing to the preference's. */
import type { Pair } from '../../shared/contracts/batch.ts';

type IndexedJudgement = { chosen: number; rejected: number; p: number };

/**
 * Every judgement counts the same share of `weight`. Two about the same completions (several candidates with one text)
 * become one pair with their mean p: the losses are linear in p, so nothing is lost. chosen is the likelier side.
 */
export function mergePairs(judgements: readonly IndexedJudgement[], weight: number): Pair[] {
  const sums = new Map<string, IndexedJudgement & { n: number }>();
  for (const { chosen, rejected, p } of judgements) {
    const key = chosen < rejected ? `${chosen},${rejected}` : `${rejected},${chosen}`;
    const sum = sums.get(key) ?? { chosen, rejected, p: 0, n: 0 };
    sum.p += sum.chosen === chosen ? p : 1 - p;
    sum.n += 1;
    sums.set(key, sum);
  }
  return [...sums.values()].map(({ chosen, rejected, p, n }) => {
    const mean = p / n;
    const share = (weight * n) / judgements.length;
    return mean >= 0.5
      ? { chosen, rejected, p: mean, weight: share }
      : { chosen: rejected, rejected: chosen, p: 1 - mean, weight: share };
  });
}
