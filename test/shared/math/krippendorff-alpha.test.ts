import { expect, test } from 'vitest';
import { krippendorffAlpha } from '../../../shared/math/krippendorff-alpha.ts';
import { seededRandom } from '../../../shared/math/random.ts';

/** Four observers and twelve units, one of them seen once: Krippendorff (2011), section C. */
const UNITS = [
  [1, 1, 1],
  [2, 2, 3, 2],
  [3, 3, 3, 3],
  [3, 3, 3, 3],
  [2, 2, 2, 2],
  [1, 2, 3, 4],
  [4, 4, 4, 4],
  [1, 1, 2, 1],
  [2, 2, 2, 2],
  [5, 5, 5],
  [1, 1],
  [3],
];

test('two observers: binary and nominal data, Krippendorff (2011), sections A and B', () => {
  const unitsOf = (one: string, other: string) => [...one].map((value, n) => [value, other[n] as string].map(codeOf));
  const codeOf = (value: string) => value.charCodeAt(0);
  expect(krippendorffAlpha(unitsOf('0100000010', '1110010000'))).toBeCloseTo(0.095, 3);
  expect(krippendorffAlpha(unitsOf('aabbdcccedda', 'babbbccceddd'))).toBeCloseTo(0.692, 3);
});

test('the published example', () => {
  expect(krippendorffAlpha(UNITS)).toBeCloseTo(0.743, 3);
  expect(krippendorffAlpha(UNITS, 'ordinal')).toBeCloseTo(0.815, 3);
  expect(krippendorffAlpha(UNITS, 'interval')).toBeCloseTo(0.849, 3);
});

test('1 where all agree, near 0 by chance, below it where they turn each other around', () => {
  expect(
    krippendorffAlpha([
      [1, 1],
      [2, 2, 2],
      [1, 1],
    ]),
  ).toBe(1);
  const random = seededRandom(1);
  const chance = Array.from({ length: 4000 }, () => [random() < 0.5, random() < 0.5].map(Number));
  expect(Math.abs(krippendorffAlpha(chance))).toBeLessThan(0.05);
  expect(
    krippendorffAlpha([
      [0, 1],
      [1, 0],
      [0, 1],
      [1, 0],
    ]),
  ).toBeLessThan(-0.5);
});

test('nothing can be said where nobody was checked or all said the same', () => {
  expect(krippendorffAlpha([[1], [2], []])).toBeNaN();
  expect(
    krippendorffAlpha([
      [1, 1],
      [1, 1, 1],
    ]),
  ).toBeNaN();
});
