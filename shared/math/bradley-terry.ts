/**
 * Bradley-Terry (1952): from who beat whom to strengths on one scale. The chance that i beats j is σ(s_i - s_j).
 *
 * Strengths are relative to their mean, or to one of them. A weak prior keeps who never lost, or never met the others, finite.
 */
import { dot, solve } from './linear.ts';
import { tastePosterior } from './taste-posterior.ts';

/** `first` won against `second`; `won` ½ is a tie; `count` such outcomes. */
export interface Outcome {
  first: number;
  second: number;
  won?: number;
  count?: number;
}

export interface Strength {
  /** Natural logarithm of the odds against an item of mean strength. */
  value: number;
  low: number;
  high: number;
}

/** Standard deviation of a strength before anything was seen. */
const PRIOR = 100;

/**
 * Strengths of `items` things, with 95 % intervals (Wald's), against the mean of all, or against the item `against`: its own
 * strength is then 0, and certain.
 *
 * @throws RangeError for an index that is none of theirs, a thing against itself, and what `tastePosterior` refuses.
 */
export function bradleyTerry(
  items: number,
  outcomes: readonly Outcome[],
  { against }: { against?: number } = {},
): Strength[] {
  if (against !== undefined) check(against, items);
  const votes = countAlike(outcomes).map(({ first, second, won, count }) => {
    if (first === second) throw new RangeError(`item ${first} against itself`);
    const difference = new Array<number>(items).fill(0);
    for (const index of [first, second]) check(index, items);
    difference[first] = 1;
    difference[second] = -1;
    return { difference, probability: won, weight: count };
  });
  const nothing = new Array<number>(items).fill(0);
  const weak = nothing.map((_, k) => nothing.map((_, l) => (k === l ? PRIOR ** -2 : 0)));
  const { mean, precision } = tastePosterior(votes, { mean: nothing, precision: weak });
  const share = nothing.map((_, l) => (against === undefined ? 1 / items : Number(l === against)));
  const middle = dot(mean, share);
  return mean.map((each, k) => {
    const contrast = share.map((part, l) => Number(k === l) - part);
    const half = 1.959964 * Math.sqrt(Math.max(0, dot(solve(precision, contrast), contrast)));
    return { value: each - middle, low: each - middle - half, high: each - middle + half };
  });
}

/** Outcomes that differ in their count alone are one: of thousands between a few items, few are left. */
function countAlike(outcomes: readonly Outcome[]): Required<Outcome>[] {
  const alike = new Map<string, Required<Outcome>>();
  for (const { first, second, won = 1, count = 1 } of outcomes) {
    const key = `${first} ${second} ${won}`;
    const known = alike.get(key);
    if (known) known.count += count;
    else alike.set(key, { first, second, won, count });
  }
  return [...alike.values()];
}

function check(index: number, items: number): void {
  if (!(Number.isInteger(index) && index >= 0 && index < items)) throw new RangeError(`there is no item ${index}`);
}
