import { expect, test } from 'vitest';
import { bradleyTerry, type Outcome } from '../../../shared/math/bradley-terry.ts';

/** Baseball, American League 1987: wins of the row over the column (Agresti, Categorical Data Analysis). */
const WINS = [
  [0, 7, 9, 7, 7, 9, 11],
  [6, 0, 7, 5, 11, 9, 9],
  [4, 6, 0, 7, 7, 8, 12],
  [6, 8, 6, 0, 6, 7, 10],
  [6, 2, 6, 7, 0, 7, 12],
  [4, 4, 5, 6, 6, 0, 6],
  [2, 4, 1, 3, 1, 7, 0],
];
const games: Outcome[] = WINS.flatMap((row, first) =>
  row.flatMap((count, second) => (first === second ? [] : [{ first, second, count }])),
);

test('strengths are those that are published for the American League of 1987', () => {
  const found = bradleyTerry(7, games);
  // Relative to Baltimore, the last one: Milwaukee, Detroit, Toronto, New York, Boston, Cleveland.
  const published = [1.581, 1.436, 1.294, 1.248, 1.108, 0.684];
  published.forEach((value, team) => {
    expect((found[team]?.value ?? 0) - (found[6]?.value ?? 0)).toBeCloseTo(value, 2);
  });
  expect(found.reduce((sum, { value }) => sum + value, 0)).toBeCloseTo(0, 9);
  for (const { value, low, high } of found) expect(high - value).toBeCloseTo(value - low, 9);
});

test('against one of them: the standard errors that are published for the same fit, and none of its own', () => {
  const found = bradleyTerry(7, games, { against: 6 });
  // R's BradleyTerry2, reference Baltimore, in the order of the table.
  const published = [0.3433, 0.3396, 0.3367, 0.3359, 0.3339, 0.3319];
  published.forEach((error, team) => {
    const { value = 0, high = 0 } = found[team] ?? {};
    expect((high - value) / 1.959964).toBeCloseTo(error, 3);
  });
  expect(found[6]).toEqual({ value: 0, low: 0, high: 0 });
  expect(() => bradleyTerry(2, [], { against: 2 })).toThrow('no item 2');
});

test('two of them: the strengths are half the log odds, and the interval is that of a logit', () => {
  const [one, other] = bradleyTerry(2, [
    { first: 0, second: 1, count: 30 },
    { first: 1, second: 0, count: 10 },
  ]);
  expect(one?.value).toBeCloseTo(Math.log(3) / 2, 3);
  expect(other?.value).toBeCloseTo(-Math.log(3) / 2, 3);
  const error = Math.sqrt(1 / 30 + 1 / 10);
  expect((one?.high ?? 0) - (one?.value ?? 0)).toBeCloseTo((1.96 * error) / 2, 3);
});

test('outcomes may be listed one by one', () => {
  const listed = games.flatMap(({ count, ...game }) => new Array<Outcome>(count as number).fill(game));
  const counted = bradleyTerry(7, games);
  bradleyTerry(7, listed).forEach(({ value, high }, team) => {
    expect(value).toBeCloseTo(counted[team]?.value as number, 9);
    expect(high).toBeCloseTo(counted[team]?.high as number, 9);
  });
});

test('a tie is half a win each; who never lost and who never met anybody stay finite', () => {
  const tied = bradleyTerry(2, [{ first: 0, second: 1, won: 0.5, count: 8 }]);
  expect(tied[0]?.value).toBeCloseTo(0, 9);
  const found = bradleyTerry(3, [{ first: 0, second: 1, count: 50 }]);
  expect(found.every(({ value, low, high }) => [value, low, high].every(Number.isFinite))).toBe(true);
  expect(found[0]?.value).toBeGreaterThan(found[1]?.value ?? 0);
  expect((found[2]?.high ?? 0) - (found[2]?.low ?? 0)).toBeGreaterThan(100);
});

test('what makes no sense is refused', () => {
  expect(() => bradleyTerry(2, [{ first: 0, second: 2 }])).toThrow('no item 2');
  expect(() => bradleyTerry(2, [{ first: 1, second: 1 }])).toThrow('against itself');
  expect(() => bradleyTerry(2, [{ first: 0, second: 1, count: -1 }])).toThrow(RangeError);
});
