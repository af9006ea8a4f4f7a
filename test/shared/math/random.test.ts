import { expect, test } from 'vitest';
import { seededRandom } from '../../../shared/math/random.ts';

const draws = (seed: number, n: number) => {
  const random = seededRandom(seed);
  return Array.from({ length: n }, random);
};

test('a seed fixes the sequence; another seed gives another', () => {
  expect(draws(1, 100)).toEqual(draws(1, 100));
  expect(draws(1, 4)).not.toEqual(draws(2, 4));
});

test('draws are uniform on [0, 1) and not serially correlated', () => {
  const n = 100_000;
  for (const seed of [0, 1, 2 ** 31, 2 ** 32 - 1]) {
    const values = draws(seed, n);
    const counts = new Array<number>(20).fill(0);
    for (const value of values) counts[Math.floor(value * 20)] = (counts[Math.floor(value * 20)] ?? 0) + 1;
    // Chi-square with 19 degrees of freedom: 43.8 is its 0.999 quantile.
    expect(counts.reduce((sum, count) => sum + (count - n / 20) ** 2 / (n / 20), 0)).toBeLessThan(43.8);
    const correlation = values.slice(1).reduce((sum, value, i) => sum + (value - 0.5) * ((values[i] ?? 0) - 0.5), 0);
    expect(Math.abs((12 * correlation) / n)).toBeLessThan(4 / Math.sqrt(n));
  }
});

test('neighbouring seeds are unrelated', () => {
  const first = Array.from({ length: 20_000 }, (_, seed) => seededRandom(seed)());
  const mean = first.reduce((sum, value) => sum + value, 0) / first.length;
  const correlation = first.slice(1).reduce((sum, value, i) => sum + (value - 0.5) * ((first[i] ?? 0) - 0.5), 0);
  expect(Math.abs(mean - 0.5)).toBeLessThan(4 / Math.sqrt(12 * first.length));
  expect(Math.abs((12 * correlation) / first.length)).toBeLessThan(4 / Math.sqrt(first.length));
});

test('the sequence is the published one: made again by an implementation in Python', () => {
  const first = (seed: number) => draws(seed, 4).map((value) => value * 2 ** 32);
  expect(first(0)).toEqual([1789933344, 44971166, 2521387044, 3848737593]);
  expect(first(42)).toEqual([660444221, 3652823732, 77672526, 910233633]);
});
