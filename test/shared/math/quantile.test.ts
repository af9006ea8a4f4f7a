import { expect, test } from 'vitest';
import { quantile } from '../../../shared/math/quantile.ts';

test('quantiles interpolate linearly, as NumPy and R do by default', () => {
  // Expected: numpy.quantile of the same values.
  const values = [8, 1, 4, 2];
  for (const [q, expected] of [
    [0, 1],
    [0.1, 1.3],
    [0.25, 1.75],
    [0.5, 3],
    [0.9, 6.8],
    [1, 8],
  ] as const) {
    expect(quantile(values, q)).toBeCloseTo(expected, 12);
  }
  expect(values, 'the input is left alone').toEqual([8, 1, 4, 2]);
});

test('one value is every quantile of itself; none has no quantile', () => {
  expect(quantile([7], 0.95)).toBe(7);
  expect(quantile([], 0.5)).toBeNaN();
});

test('a share outside 0..1 is refused', () => {
  expect(() => quantile([1], 1.01)).toThrow(RangeError);
  expect(() => quantile([1], Number.NaN)).toThrow(RangeError);
});
