import { expect, test } from 'vitest';
import { RaterReport } from '../../../shared/contracts/rater.ts';
import { seededRandom } from '../../../shared/math/random.ts';
import { reportRaters } from '../../../shared/raters/rater-report.ts';
import type { RaterVote } from '../../../shared/raters/vote.ts';
import { castVote, clicker, honest, vote } from './made-votes.ts';

const report = (votes: RaterVote[]) => RaterReport.parse(reportRaters('replies', 2000, votes));

test('people who judge the same pairs agree, whatever places and ids these had', () => {
  const votes = ['ann', 'ben', 'cem'].flatMap((user) =>
    Array.from({ length: 20 }, (_, about) =>
      vote({ user, about, order: about % 2 === 0 ? ['good', 'bad'] : ['bad', 'good'] }),
    ),
  );
  const found = report(votes);
  expect(found).toMatchObject({ domain: 'replies', window: 2000, votes: 60, people: 3, judgedTwice: 20, alpha: 1 });
  for (const rater of found.raters) {
    expect(rater).toMatchObject({ votes: 20, checked: 20, position: null, medianLatencyMs: null, suspicions: [] });
    expect(rater.informedness).toBeGreaterThan(0.7);
    expect(rater.informednessLow).toBeLessThan(rater.informedness ?? 0);
    expect(rater.informednessHigh).toBeGreaterThan(rater.informedness ?? 1);
  }
});

test('that all agreed on a few pairs leaves open that they would not on others', () => {
  const agreed = (pairs: number) =>
    report(['ann', 'ben'].flatMap((user) => Array.from({ length: pairs }, (_, about) => vote({ user, about }))));
  // 3 of 3: up to 1 - 0.025^(1/3) = 71 % of all could be disagreed on.
  expect(agreed(3)).toMatchObject({ alpha: 1, alphaHigh: 1 });
  expect(agreed(3).alphaLow).toBeCloseTo(1 - 2 * 0.7076, 3);
  expect(agreed(100).alphaLow).toBeGreaterThan(0.9);
});

test('α has an interval that narrows with the pairs that were judged twice', () => {
  const simulate = (pairs: number) => {
    const random = seededRandom(5);
    return report(
      Array.from({ length: pairs }, (_, about) =>
        ['ann', 'ben'].map((user) => castVote(user, about, random() < 2, honest, random)),
      ).flat(),
    );
  };
  const [few, many] = [simulate(40), simulate(640)];
  // Two who are right nine times of ten agree on 82 %: α = 0.64.
  for (const { alphaLow, alphaHigh } of [few, many]) {
    expect(alphaLow).toBeLessThan(0.64);
    expect(alphaHigh).toBeGreaterThan(0.64);
  }
  const width = ({ alphaLow, alphaHigh }: RaterReport) => (alphaHigh ?? 9) - (alphaLow ?? 0);
  expect(width(few) / width(many)).toBeGreaterThan(2.5);
});

test('who always takes the first is seen, in the report as a whole too', () => {
  const random = seededRandom(3);
  const votes = Array.from({ length: 200 }, (_, about) => {
    const isGood = random() < 0.5;
    const crowd = ['ann', 'ben', 'cem'].map((user) => castVote(user, about, isGood, honest, random));
    return [...crowd, castVote('dan', about, isGood, clicker, random)];
  }).flat();
  const { raters, position } = report(votes);
  const dan = raters.find(({ user }) => user === 'dan');
  expect(Math.abs(dan?.informedness ?? 1)).toBeLessThan(0.25);
  expect(dan?.position).toMatchObject({ value: 0.5, n: 200 });
  expect(position?.low).toBeGreaterThan(0.05);
  for (const { user, informedness } of raters) if (user !== 'dan') expect(informedness).toBeGreaterThan(0.6);
});

test('a ranking is all its pairs, ratings are a ranking; ties and skips decide nothing, a later word counts', () => {
  const order = ['a', 'b', 'c'];
  const ranked = (user: string, ranking: string[][]) => vote({ user, order, choice: { type: 'ranking', ranking } });
  const rate = (a: number, b: number) =>
    vote({
      user: 'cem',
      order,
      choice: {
        type: 'rating',
        ratings: [
          { candidate: 'a-0', rating: a },
          { candidate: 'b-0', rating: b },
        ],
      },
    });
  const found = report([
    ranked('ann', [['a-0'], ['b-0', 'c-0']]),
    ranked('ben', [['a-0'], ['c-0'], ['b-0']]),
    rate(1, 5),
    rate(5, 1),
    rate(3, 3),
    vote({ user: 'ann', choice: { type: 'tie' } }),
    vote({ user: 'ann', choice: { type: 'skip' } }),
    vote({ user: 'ann', order: ['same', 'same'] }),
    vote({ user: null }),
  ]);
  expect(found).toMatchObject({ votes: 5, people: 3, judgedTwice: 2, alpha: 1 });
  expect(found.raters.map(({ user, votes }) => [user, votes])).toEqual([
    ['cem', 2],
    ['ann', 1],
    ['ben', 1],
  ]);
});

test('nothing is made of nothing', () => {
  const nothing = { alpha: null, alphaLow: null, alphaHigh: null, position: null };
  expect(report([])).toMatchObject({ votes: 0, people: 0, judgedTwice: 0, raters: [], models: [], ...nothing });
  const [alone] = report([vote()]).raters;
  const unknown = { informedness: null, informednessLow: null, informednessHigh: null, position: null };
  expect(alone).toMatchObject({ votes: 1, checked: 0, suspicions: [], ...unknown });
});
