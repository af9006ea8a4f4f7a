import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../shared/math/random.ts';
import type { RaterVote } from '../../../shared/raters/vote.ts';
import { findReliability, LARGEST_SHARE, type Member, weighMembers } from '../../../worker/batches/rater-weights.ts';
import { adversarial, careless, castVote, clicker, honest, type Manner } from '../../shared/raters/made-votes.ts';

/** People by name; every pair is judged by three of them, drawn anew. */
function simulate(people: Record<string, Manner>, pairs: number, seed = 1): RaterVote[] {
  const random = seededRandom(seed);
  const names = Object.keys(people);
  return Array.from({ length: pairs }, (_, about) => {
    const isGood = random() < 0.5;
    const asked = names.toSorted(() => random() - 0.5).slice(0, 3);
    return asked.map((user) => castVote(user, about, isGood, people[user] as Manner, random));
  }).flat();
}

const many = (name: string, count: number, manner: Manner) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`${name}-${n}`, manner]));

/** Mean factor by what people's names begin with. */
function meansOf(factors: ReadonlyMap<string, number>): Record<string, number> {
  const groups = Map.groupBy(factors, ([user]) => user.split('-')[0] as string);
  return Object.fromEntries(
    [...groups].map(([name, all]) => [name, all.reduce((sum, [, factor]) => sum + factor, 0) / all.length]),
  );
}

describe('reliability', () => {
  const people = {
    ...many('honest', 14, honest),
    ...many('careless', 2, careless),
    ...many('adversarial', 2, adversarial),
    ...many('clicker', 2, clicker),
  };

  test('honest people keep their weight; careless, adversarial ones and those who click a place lose it', () => {
    const means = meansOf(findReliability(simulate(people, 660)));
    expect(means.honest).toBeGreaterThan(0.9);
    for (const name of ['careless', 'clicker']) expect(means[name]).toBeLessThan(0.4);
    expect(means.adversarial).toBeLessThan(0.15);
  });

  test('it is never more than 1, whatever the votes', () => {
    for (let seed = 0; seed < 10; seed++) {
      for (const factor of findReliability(simulate(people, 20 + 40 * seed, seed)).values()) {
        expect(factor).toBeGreaterThanOrEqual(0);
        expect(factor).toBeLessThanOrEqual(1);
      }
    }
  });

  test('who was checked little is taken for reliable, and the more is known the less', () => {
    const factors = [2, 8, 40, 200].map((votes) => {
      const crowd = simulate(many('honest', 6, honest), 300, 7);
      const random = seededRandom(9);
      const isGood = seededRandom(7);
      const own = Array.from({ length: votes }, (_, about) =>
        castVote('new', about, isGood() < 0.5, adversarial, random),
      );
      // The truth of the crowd's pairs is the majority's here: as good as known.
      const good = Map.groupBy(crowd, ({ prompt }) => prompt);
      const against = own.map((vote) => {
        const said = good.get(vote.prompt) ?? [];
        const first = said.filter(({ choice }) => choice.type === 'pair' && choice.chosen.startsWith('good')).length;
        const worse = first * 2 > said.length ? 'bad' : 'good';
        const chosen = vote.candidates.find(({ output }) => output === worse)?.id as string;
        return { ...vote, choice: { type: 'pair' as const, chosen } };
      });
      return findReliability([...crowd, ...against]).get('new') as number;
    });
    expect(factors[0]).toBeGreaterThan(0.8);
    expect(factors[0]).toBeGreaterThan(factors[1] as number);
    expect(factors[1]).toBeGreaterThan(factors[2] as number);
    expect(factors[3]).toBeLessThan(0.1);
  });

  test('nobody is told from another where people agree no better than chance, or nobody was checked', () => {
    const random = seededRandom(2);
    const chance = [...findReliability(simulate(many('careless', 10, careless), 200, 3)).values()];
    for (const factor of chance) expect(factor).toBeGreaterThan(0.9);
    const alone = Array.from({ length: 100 }, (_, about) => castVote('ann', about, random() < 0.5, honest, random));
    expect(findReliability(alone).get('ann')).toBeGreaterThan(0.9);
    expect(findReliability([])).toEqual(new Map());
  });

  test('two camps of one size, who want the opposite, are left alone: neither is the truth', () => {
    const camps = { ...many('here', 6, honest), ...many('there', 6, adversarial) };
    for (const factor of findReliability(simulate(camps, 400, 5)).values()) expect(factor).toBeGreaterThan(0.9);
  });

  test('who clicks one place is seen without anybody judging the same', () => {
    const random = seededRandom(2);
    const clicked = (count: number) =>
      findReliability(Array.from({ length: count }, (_, n) => castVote('dan', n, true, clicker, random))).get('dan');
    expect(clicked(100)).toBeLessThan(0.1);
    expect(clicked(5)).toBeGreaterThan(0.7);
  });

  test('one person with 60 % of the votes gains nothing by it', () => {
    const random = seededRandom(6);
    const votes: RaterVote[] = [];
    for (let about = 0; about < 399; about++) {
      const isGood = random() < 0.5;
      votes.push(castVote('loud-0', about, isGood, adversarial, random));
      if (about % 3 > 0) continue;
      const first = Math.floor(random() * 8);
      const second = (first + 1 + Math.floor(random() * 7)) % 8;
      for (const n of [first, second]) votes.push(castVote(`honest-${n}`, about, isGood, honest, random));
    }
    expect(votes).toHaveLength(665);
    const means = meansOf(findReliability(votes));
    expect(means.loud).toBeLessThan(0.1);
    expect(means.honest).toBeGreaterThan(0.9);
  });
});

describe('weights of a batch', () => {
  const trusting = new Map<string, number>();
  const member = (user: string | null, n: number, weight = 1): Member => ({ preference: `${user} ${n}`, user, weight });
  const by = (user: string | null, count: number, weight = 1) =>
    Array.from({ length: count }, (_, n) => member(user, n, weight));

  /** Share of the batch by user, after its weights. */
  function sharesOf(members: Member[], reliability: ReadonlyMap<string, number> = trusting) {
    const weighed = weighMembers(members, reliability);
    const effective = members.map((one) => one.weight * (weighed.weights[one.preference] as number));
    const all = effective.reduce((sum, each) => sum + each, 0);
    const shares = new Map<string | null, number>();
    members.forEach(({ user }, n) => {
      shares.set(user, (shares.get(user) ?? 0) + (effective[n] as number) / all);
    });
    return { ...weighed, shares, all };
  }

  test('one of many with 60 % of the votes weighs 5 %, the others as before', () => {
    const members = [...by('loud', 60), ...Array.from({ length: 40 }, (_, n) => member(`u${n}`, 0))];
    const { users, largestShare, shares, weights } = sharesOf(members);
    expect([users, largestShare]).toEqual([41, 0.05]);
    expect(shares.get('loud')).toBeCloseTo(0.05, 9);
    expect(weights['u3 0']).toBe(1);
  });

  test('random batches: nobody beyond the cap, nobody raised, and nobody cut who is not at the cap', () => {
    const random = seededRandom(8);
    for (let trial = 0; trial < 150; trial++) {
      const people = 1 + Math.floor(random() * 60);
      const members = Array.from({ length: people }, (_, n) =>
        by(`u${n}`, 1 + Math.floor(random() ** 4 * 60), [1, 0.25, random()][n % 3]),
      ).flat();
      if (random() < 0.3) members.push(...by(null, Math.floor(random() * 30), 0.25));
      const reliability = new Map(Array.from({ length: people }, (_, n) => [`u${n}`, Math.min(1, random() * 1.5)]));
      const { users, largestShare, shares, weights } = sharesOf(members, reliability);
      expect(largestShare).toBe(users >= 20 ? LARGEST_SHARE : Math.min(1, 2 / Math.max(1, users)));
      for (const { preference, user } of members) {
        const factor = weights[preference] as number;
        const trust = user === null ? 1 : (reliability.get(user) as number);
        const share = shares.get(user) as number;
        expect(factor).toBeGreaterThanOrEqual(0);
        expect(factor).toBeLessThanOrEqual(trust);
        if (user === null) expect(factor).toBe(1);
        else expect(share).toBeLessThanOrEqual(largestShare * (1 + 1e-9));
        if (user !== null && factor < trust * (1 - 1e-9)) expect(share).toBeCloseTo(largestShare, 6);
      }
    }
  });

  test('twenty users with one vote each keep it; with nineteen nobody weighs more than two of them', () => {
    const people = (count: number) => Array.from({ length: count }, (_, n) => member(`u${n}`, 0));
    expect(Object.values(sharesOf(people(20)).weights)).toEqual(new Array(20).fill(1));
    const { users, largestShare, shares } = sharesOf([...people(18), ...by('loud', 40)]);
    expect([users, largestShare]).toEqual([19, 2 / 19]);
    expect(shares.get('loud')).toBeCloseTo(2 / 19, 9);
  });

  test('one or two users are left alone, and so are votes of nobody known', () => {
    expect(Object.values(sharesOf(by('ann', 9)).weights)).toEqual(new Array(9).fill(1));
    expect(Object.values(sharesOf([...by('ann', 30), ...by('ben', 1)]).weights)).toEqual(new Array(31).fill(1));
    const imported = sharesOf(by(null, 40, 0.5));
    expect(imported).toMatchObject({ users: 0, largestShare: 1 });
    expect(new Set(Object.values(imported.weights))).toEqual(new Set([1]));
    expect(weighMembers([], trusting)).toEqual({ users: 0, largestShare: 1, weights: {} });
  });

  test('who is found unreliable is no user of the twenty: nobody is cut down to a careless person’s weight', () => {
    const people = Array.from({ length: 22 }, (_, n) => member(`u${n}`, 0));
    const reliability = new Map(people.map(({ user }, n) => [user as string, n < 6 ? 0.1 : 1]));
    const { users, weights } = sharesOf(people, reliability);
    expect(users).toBe(16);
    expect([weights['u0 0'], weights['u10 0']]).toEqual([0.1, 1]);
  });

  test('a vote of weight 0 stays one', () => {
    const { shares } = sharesOf([...by('ann', 2, 0), ...by('ben', 2), ...by('cem', 2)]);
    expect(shares.get('ann')).toBe(0);
  });
});
