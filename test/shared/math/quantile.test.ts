import { expect, test } from 'vitest';
import { quantile } from '../../../shared/math/quantile.ts';

test('quantiles interpolate linearly, as NumPy and R do by default', () => {
  // numpy.quantile([1, 2, 4, 8], [0, .1, .25, .5, .9, 1])
  const values = [8, 1, 4, 2];
  const expected = [1, 1.3, 1.75, 3, 6.8, 8];
  [0, 0.1, 0.25, 0.5, 0.9, 1].forEach((q, index) => expect(quantile(values, q)).toBeCloseTo(expected[index] ?? NaN, 12));
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
