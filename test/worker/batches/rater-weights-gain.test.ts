/** That the weights help: what is learned from votes of which three in ten are worthless is nearer to the truth. */
import { expect, test } from 'vitest';
import { type Random, seededRandom } from '../../../shared/math/random.ts';
import { type Contrast, tastePosterior } from '../../../shared/math/taste-posterior.ts';
import type { RaterVote } from '../../../shared/raters/vote.ts';
import { findReliability, weighMembers } from '../../../worker/batches/rater-weights.ts';
import { adversarial, careless, clicker, type Manner, vote } from '../../shared/raters/made-votes.ts';

const PAIRS = 500;
const JUDGES = 3;
const BATCH = 60;
const FEATURES = 4;
/** What everybody wants: the worth of an output is its features' product with this. */
const TRUTH = [1.6, -1.2, 0.8, 0];

const normal = (random: Random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const flat = {
  mean: TRUTH.map(() => 0),
  precision: TRUTH.map((_, k) => TRUTH.map((_, l) => (k === l ? 1e-4 : 0))),
};

/** Honest people choose as Bradley and Terry have it; the others by their manners. */
function simulate(seed: number, manners: Manner[], people = 30) {
  const random = seededRandom(seed);
  const features: number[][] = [];
  const votes: { vote: RaterVote; difference: number[] }[] = [];
  for (let about = 0; about < PAIRS; about++) {
    features.push(Array.from({ length: FEATURES }, () => normal(random)));
    const difference = features[about] as number[];
    const better = sigmoid(difference.reduce((sum, each, k) => sum + each * (TRUTH[k] as number), 0));
    const asked = Array.from({ length: people }, (_, n) => n)
      .toSorted(() => random() - 0.5)
      .slice(0, JUDGES);
    for (const person of asked) {
      const isMirrored = random() < 0.5;
      const first = isMirrored ? 1 - better : better;
      const manner = manners[person];
      const wish = random() < (manner ? Math.round(first) : first) ? 0 : 1;
      const position = manner ? manner(wish, random) : wish;
      const isFirst = isMirrored ? position === 1 : position === 0;
      const order = isFirst ? ['a', 'b'] : ['b', 'a'];
      const sign = isFirst ? 1 : -1;
      votes.push({
        vote: vote({ user: `u${person}`, about, order, position }),
        difference: difference.map((each) => sign * each),
      });
    }
  }
  return votes;
}

/** Distance of what is learned from the truth. */
function errorOf(contrasts: Contrast[]): number {
  const { mean } = tastePosterior(contrasts, flat);
  return Math.hypot(...mean.map((each, k) => each - (TRUTH[k] as number)));
}

function compare(seed: number, manners: Manner[]): { plain: number; weighted: number } {
  const votes = simulate(seed, manners);
  const reliability = findReliability(votes.map((each) => each.vote));
  const contrasts = votes.map(({ difference }) => ({ difference }));
  const weighed = contrasts.map((contrast, at) => {
    const begin = at - (at % BATCH);
    const members = votes.slice(begin, begin + BATCH).map(({ vote: { user } }, n) => {
      return { preference: `${begin + n}`, user, weight: 1 };
    });
    return { ...contrast, members, at };
  });
  const factors = new Map<number, Record<string, number>>();
  const weighted = weighed.map(({ difference, members, at }) => {
    const batch = Math.floor(at / BATCH);
    const weights = factors.get(batch) ?? weighMembers(members, reliability).weights;
    factors.set(batch, weights);
    return { difference, weight: weights[`${at}`] as number };
  });
  return { plain: errorOf(contrasts), weighted: errorOf(weighted) };
}

test.each<[string, Manner[]]>([
  ['careless', new Array<Manner>(9).fill(careless)],
  ['clicking one place', new Array<Manner>(9).fill(clicker)],
  ['of all three kinds', [careless, clicker, adversarial].flatMap((manner) => [manner, manner, manner])],
])('with nine of thirty %s, the weighted fit is nearer to the truth than the plain one', (_, manners) => {
  const runs = Array.from({ length: 6 }, (_, seed) => compare(seed, manners));
  for (const { plain, weighted } of runs) expect(weighted).toBeLessThan(0.75 * plain);
});

test('nine of thirty who want the opposite may be a camp: they are told apart or left alone, and nothing gets worse', () => {
  const runs = Array.from({ length: 6 }, (_, seed) => compare(seed, new Array<Manner>(9).fill(adversarial)));
  for (const { plain, weighted } of runs) expect(weighted).toBeLessThan(plain);
});

test('with honest people alone, nothing is lost to speak of', () => {
  const runs = Array.from({ length: 6 }, (_, seed) => compare(seed, []));
  const mean = (key: 'plain' | 'weighted') => runs.reduce((sum, run) => sum + run[key], 0) / runs.length;
  expect(mean('weighted')).toBeLessThan(1.1 * mean('plain'));
});
