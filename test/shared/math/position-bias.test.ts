import { expect, test } from 'vitest';
import { positionBias } from '../../../shared/math/position-bias.ts';

test('what the first place wins beyond half of the votes', () => {
  const bias = positionBias(600, 400);
  expect(bias).toMatchObject({ value: 0.09999999999999998, n: 1000 });
  expect(bias.low).toBeGreaterThan(0.06);
  expect(bias.high).toBeLessThan(0.14);
  expect(positionBias(5, 5)).toMatchObject({ value: 0 });
});

test('without votes anything may be', () => {
  expect(positionBias(0, 0)).toEqual({ value: Number.NaN, low: -0.5, high: 0.5, n: 0 });
});

test('counts that are none are refused', () => {
  expect(() => positionBias(-1, 3)).toThrow(RangeError);
  expect(() => positionBias(0.5, 3)).toThrow(RangeError);
});
