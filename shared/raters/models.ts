/** Which models people prefer: Bradley–Terry strengths of what made the outputs that they compared. */
import type { ModelStrength } from '../contracts/rater.ts';
import { bradleyTerry, type Outcome } from '../math/bradley-terry.ts';
import { ordersOf, type RaterVote } from './vote.ts';

/** Models that are told apart: those that were judged most. The rest is one. */
const MOST = 20;

type Model = string | null;

/** A vote counts once, however many outputs it orders: its orders between models share it. Strongest first. */
export function rankModels(votes: readonly RaterVote[]): ModelStrength[] {
  const met = votes.map((vote) => {
    const model = (index: number) => vote.candidates[index]?.model as Model;
    return ordersOf(vote).map(({ better, worse }): [Model, Model] => [model(better), model(worse)]);
  });
  const counts = countVotes(met);
  const named = [...counts.entries()].filter(([model]) => model !== 'other').sort((one, other) => other[1] - one[1]);
  const kept = new Set(named.slice(0, MOST).map(([model]) => model));
  const renamed = met.map((orders) =>
    orders.map((sides) => sides.map((model) => (kept.has(model) ? model : 'other')) as [Model, Model]),
  );
  const n = countVotes(renamed);
  const models = [...n.keys()];
  if (models.length < 2) return [];

  const outcomes = renamed.flatMap((orders): Outcome[] => {
    const between = orders.filter(([better, worse]) => better !== worse);
    return between.map(([better, worse]) => {
      return { first: models.indexOf(better), second: models.indexOf(worse), count: 1 / between.length };
    });
  });
  const strengths = bradleyTerry(models.length, outcomes).map(({ value, low, high }, index) => {
    const adapter = models[index] as Model;
    return { adapter, strength: value, low, high, n: n.get(adapter) as number };
  });
  return strengths.sort((one, other) => other.strength - one.strength);
}

/** Votes in which each model met another. */
function countVotes(met: readonly [Model, Model][][]): Map<Model, number> {
  const counts = new Map<Model, number>();
  for (const orders of met) {
    const models = new Set(orders.filter(([better, worse]) => better !== worse).flat());
    for (const model of models) counts.set(model, (counts.get(model) ?? 0) + 1);
  }
  return counts;
}
