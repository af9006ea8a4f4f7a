/** Which models people prefer: Bradley–Terry strengths of what made the outputs that they compared. */
import type { ModelStrength } from '../contracts/rater.ts';
import { bradleyTerry, type Outcome } from '../math/bradley-terry.ts';
import { ordersOf, type RaterVote } from './vote.ts';

/** Models that are told apart: those that were judged most. The rest is one. */
const MOST = 20;

type Model = string | null;

/** A vote counts once, however many outputs it orders: its orders between models share it. Strongest first. */
export function rankModels(votes: readonly RaterVote[]): ModelStrength[] {
  const met = votes.map(betweenModels);
  const counts = countVotes(met);
  const named = [...counts.entries()].filter(([model]) => model !== 'other').sort((one, other) => other[1] - one[1]);
  const kept = new Set(named.slice(0, MOST).map(([model]) => model));
  const nameOf = (model: Model) => (kept.has(model) ? model : 'other');
  const renamed = met.map((orders) =>
    orders
      .map(({ better, worse }) => ({ better: nameOf(better), worse: nameOf(worse) }))
      .filter(({ better, worse }) => better !== worse),
  );
  const n = countVotes(renamed);
  const models = [...n.keys()];
  if (models.length < 2) return [];

  const place = new Map(models.map((model, index) => [model, index]));
  const outcomes = renamed.flatMap((orders) =>
    orders.map(({ better, worse }): Outcome => {
      return { first: place.get(better) as number, second: place.get(worse) as number, count: 1 / orders.length };
    }),
  );
  const strengths = bradleyTerry(models.length, outcomes).map(({ value, low, high }, index) => {
    const adapter = models[index] as Model;
    return { adapter, strength: value, low, high, n: n.get(adapter) as number };
  });
  return strengths.sort((one, other) => other.strength - one.strength);
}

type Met = { better: Model; worse: Model };

function betweenModels(vote: RaterVote): Met[] {
  const model = (index: number) => vote.candidates[index]?.model as Model;
  const orders = ordersOf(vote).map(({ better, worse }) => ({ better: model(better), worse: model(worse) }));
  return orders.filter(({ better, worse }) => better !== worse);
}

/** Votes in which each model met another. */
function countVotes(met: readonly Met[][]): Map<Model, number> {
  const counts = new Map<Model, number>();
  for (const orders of met) {
    const models = new Set<Model>();
    for (const { better, worse } of orders) models.add(better).add(worse);
    for (const model of models) counts.set(model, (counts.get(model) ?? 0) + 1);
  }
  return counts;
}
