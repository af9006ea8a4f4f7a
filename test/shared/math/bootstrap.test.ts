import { expect, test } from 'vitest';
import { bootstrapMean } from '../../../shared/math/bootstrap.ts';
import { bootstrapClusters } from '../../../shared/math/bootstrap-clusters.ts';
import { seededRandom } from '../../../shared/math/random.ts';

test('the interval of a win rate agrees with the normal approximation', () => {
  const wins = Array.from({ length: 300 }, (_, i) => (i < 255 ? 1 : 0));
  const { value, low, high, n } = bootstrapMean(wins, { seed: 1 });
  const half = 1.96 * Math.sqrt((0.85 * 0.15) / 300);
  expect([value, n]).toEqual([0.85, 300]);
  expect(Math.abs(low - (0.85 - half))).toBeLessThan(0.008);
  expect(Math.abs(high - (0.85 + half))).toBeLessThan(0.008);
});

test('the same seed gives the same interval', () => {
  const values = [0, 1, 1, 0.5, 0, 1];
  expect(bootstrapMean(values, { seed: 3 })).toEqual(bootstrapMean(values, { seed: 3 }));
  expect(bootstrapMean(values, { seed: 3, resamples: 50 })).not.toEqual(
    bootstrapMean(values, { seed: 4, resamples: 50 }),
  );
});

test('the interval covers the true mean about as often as it says', () => {
  const random = seededRandom(11);
  let covered = 0;
  for (let trial = 0; trial < 300; trial++) {
    const sample = Array.from({ length: 60 }, () => (random() < 0.6 ? 1 : 0));
    const { low, high } = bootstrapMean(sample, { seed: trial, resamples: 300 });
    if (low <= 0.6 && 0.6 <= high) covered++;
  }
  expect(covered / 300).toBeGreaterThan(0.9);
  expect(covered / 300).toBeLessThan(0.99);
});

test('nothing observed is not a number, never zero', () => {
  expect(bootstrapMean([], { seed: 1 })).toEqual({ value: NaN, low: NaN, high: NaN, n: 0 });
  expect(bootstrapClusters([], { seed: 1 })).toEqual({ value: NaN, low: NaN, high: NaN, n: 0 });
});

test('clusters of one are the plain bootstrap', () => {
  const values = Array.from({ length: 200 }, (_, i) => (i % 4 === 0 ? 1 : 0));
  const single = bootstrapClusters(
    values.map((value, i) => ({ cluster: `${i}`, value })),
    { seed: 5 },
  );
  expect(single).toEqual(bootstrapMean(values, { seed: 5 }));
});

test('votes that only repeat their cluster narrow nothing', () => {
  const clusters = Array.from({ length: 50 }, (_, i) => ({ cluster: `p${i}`, value: i % 3 === 0 ? 1 : 0 }));
  const repeated = clusters.flatMap((each) => Array.from({ length: 20 }, () => each));
  const once = bootstrapClusters(clusters, { seed: 2 });
  const often = bootstrapClusters(repeated, { seed: 2 });
  expect(often.n).toBe(50);
  expect(often.low).toBeCloseTo(once.low, 10);
  expect(often.high).toBeCloseTo(once.high, 10);
  const naive = bootstrapMean(
    repeated.map((each) => each.value),
    { seed: 2 },
  );
  expect(often.high - often.low).toBeGreaterThan(3 * (naive.high - naive.low));
});
