import { expect, test } from 'vitest';
import { krippendorffAlpha } from '../../../shared/math/krippendorff-alpha.ts';
import { krippendorffInterval } from '../../../shared/math/krippendorff-interval.ts';
import { seededRandom } from '../../../shared/math/random.ts';

/** Two raters of a unit who each find its true value, 0 or 1, with probability `right`. */
function simulate(units: number, right: number, seed: number): number[][] {
  const random = seededRandom(seed);
  return Array.from({ length: units }, () => {
    const truth = Number(random() < 0.5);
    return [0, 1].map(() => (random() < right ? truth : 1 - truth));
  });
}

const alone = (units: number[][]) => units.map((unit) => [unit]);

test('its value is α, whatever the number of values and of raters', () => {
  const units = [[1, 1, 1], [2, 2, 3, 2], [3, 3], [1, 2, 3, 4], [4], [2, 2]];
  const { value, low, high, n } = krippendorffInterval(alone(units), { seed: 1 });
  expect(value).toBeCloseTo(krippendorffAlpha(units), 12);
  expect(n).toBe(5);
  expect(low).toBeLessThan(value);
  expect(high).toBeGreaterThan(value);
});

test('it covers the true agreement about as often as it says', () => {
  // Two who are right with probability q agree q² + (1 - q)² of the time, by chance half of it: α = (2q - 1)².
  const truth = (2 * 0.85 - 1) ** 2;
  let covered = 0;
  for (let seed = 0; seed < 200; seed++) {
    const { low, high } = krippendorffInterval(alone(simulate(150, 0.85, seed)), { seed, resamples: 300 });
    if (low <= truth && truth <= high) covered++;
  }
  expect(covered / 200).toBeGreaterThan(0.9);
  expect(covered / 200).toBeLessThan(0.99);
});

test('units that are drawn together narrow nothing', () => {
  const units = simulate(60, 0.8, 3);
  const once = krippendorffInterval(alone(units), { seed: 4 });
  const often = krippendorffInterval(
    units.map((unit) => Array.from({ length: 20 }, () => unit)),
    { seed: 4 },
  );
  expect(often.n).toBe(60);
  expect(often.high - often.low).toBeGreaterThan(0.95 * (once.high - once.low));
  expect(krippendorffInterval(alone(units), { seed: 4 })).toEqual(once);
});

test('it does not matter whether groups that are alike are one array', () => {
  const groups = alone(simulate(80, 0.8, 5));
  const shared = groups.map((group) => groups.find((other) => other.join() === group.join()) as number[][]);
  expect(new Set(shared).size).toBeLessThan(5);
  expect(krippendorffInterval(shared, { seed: 6 })).toEqual(krippendorffInterval(groups, { seed: 6 }));
});

test('nothing can be said where nobody was checked or all said the same', () => {
  for (const units of [
    [],
    [[1], [2]],
    [
      [1, 1],
      [1, 1],
    ],
  ]) {
    expect(krippendorffInterval(alone(units), { seed: 1 })).toMatchObject({ value: NaN, low: NaN, high: NaN });
  }
});
