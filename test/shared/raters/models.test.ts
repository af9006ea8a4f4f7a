import { expect, test } from 'vitest';
import { rankModels } from '../../../shared/raters/models.ts';
import type { RaterVote } from '../../../shared/raters/vote.ts';
import { vote } from './made-votes.ts';

/** The first of two models is better. */
function won(better: string | null, worse: string | null, about = 0): RaterVote {
  const candidates = [better, worse].map((model, n) => ({ id: `${n}`, output: `${n}`, model }));
  return vote({ about, candidates, choice: { type: 'pair', chosen: '0' } });
}
const times = (count: number, better: string | null, worse: string | null) =>
  Array.from({ length: count }, (_, n) => won(better, worse, n));

test('two models: half the log odds each, the base is one, strongest first', () => {
  const found = rankModels([...times(30, 'a', null), ...times(10, null, 'a')]);
  expect(found.map(({ adapter, n }) => [adapter, n])).toEqual([
    ['a', 40],
    [null, 40],
  ]);
  expect(found[0]?.strength).toBeCloseTo(Math.log(3) / 2, 3);
  expect((found[0]?.high ?? 0) - (found[0]?.strength ?? 0)).toBeCloseTo((1.96 * Math.sqrt(1 / 30 + 1 / 10)) / 2, 3);
});

test('a ranking counts as one vote, not as many as it has pairs', () => {
  const candidates = ['a', 'b', 'c'].map((id) => ({ id, output: id, model: id }));
  const ranked = (ranking: string[][]) => vote({ candidates, choice: { type: 'ranking', ranking } });
  const votes = Array.from({ length: 40 }, (_, n) => ranked(n % 4 ? [['a'], ['b', 'c']] : [['b', 'c'], ['a']]));
  const [first] = rankModels(votes);
  expect(first).toMatchObject({ adapter: 'a', n: 40 });
  // Against two that are never told apart: as if it had met one of them 40 times.
  const half = (first?.high ?? 0) - (first?.strength ?? 0);
  expect(half).toBeGreaterThan(1.96 * Math.sqrt(1 / 30 + 1 / 10) * (2 / 3) * 0.9);
});

test('two outputs of one model, and one model alone, say nothing of models', () => {
  expect(rankModels([])).toEqual([]);
  expect(rankModels(times(5, 'a', 'a'))).toEqual([]);
  expect(rankModels([...times(5, 'a', 'a'), ...times(2, 'a', 'b')]).map(({ n }) => n)).toEqual([2, 2]);
});

test('of more than twenty adapters the least judged are one', () => {
  const votes = Array.from({ length: 25 }, (_, n) => times(30 - n, `adapter-${n}`, null)).flat();
  const found = rankModels(votes);
  expect(found).toHaveLength(21);
  expect(found.find(({ adapter }) => adapter === 'other')?.n).toBe([11, 10, 9, 8, 7, 6].reduce((a, b) => a + b));
});
