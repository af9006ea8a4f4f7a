import { expect, it } from 'vitest';
import { addSupport, supportSize } from '../../../worker/batches/support.ts';

const candidates = (size: number, k: number) =>
  Array.from({ length: k }, (_, i) => ({ id: String(i), features: new Array<number>(size).fill(i) }));
const example = (preference: string) => ({ preference, prompt: { text: '?' }, completions: ['a', 'b'], pairs: [] });

it('fewer votes of each are looked at where there are many users, and one at least', () => {
  expect(supportSize(16, 32, 512)).toBe(16);
  expect(supportSize(16, 1000, 512)).toBe(1);
  expect(supportSize(16, 60, 1024)).toBe(8);
  expect(supportSize(16, 0, 512)).toBe(16);
});

it('votes that say very much stand in fewer numbers, for everybody alike', () => {
  const ranking = Array.from({ length: 8 }, (_, i) => [String(i)]);
  const votes = Array.from({ length: 33 }, (_, n) => ({
    ...{ id: `v${n}`, user: 'anna', choice: { type: 'ranking', ranking } as const, confidence: 1, weight: 1 },
    candidates: candidates(2000, 8),
  }));
  const [owners, keys] = [
    new Map([
      ['v0', 'anna'],
      ['v1', 'anna'],
    ]),
    new Map([['anna', 'k']]),
  ];
  const { examples, support } = addSupport([example('v0'), example('v1')], owners, keys, votes, {
    featureSize: 2000,
    most: 32,
  });
  // 28 pairs of 4,000 numbers a vote: 33 votes would be 3.7 million numbers, 17 are 1.9.
  expect(examples.map((each) => each.support?.length)).toEqual([16, 16]);
  expect(support).toHaveLength(17 * 28);
  expect(support.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(17, 9);
});
