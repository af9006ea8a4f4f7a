import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../shared/math/random.ts';
import {
  type Contrast,
  predictPreference,
  type Taste,
  tastePosterior,
  uncertainty,
} from '../../../shared/math/taste-posterior.ts';
import vectors from '../../../shared/vectors/taste-posterior.json' with { type: 'json' };

const flat = (size: number, precision = 1): Taste => ({
  mean: new Array(size).fill(0),
  precision: Array.from({ length: size }, (_, k) => Array.from({ length: size }, (_, l) => (k === l ? precision : 0))),
});

const random = seededRandom(1);
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const vector = (size: number) => Array.from({ length: size }, normal);
const dot = (one: readonly number[], other: readonly number[]) => one.reduce((s, x, k) => s + x * (other[k] ?? 0), 0);

test('without votes it is the prior', () => {
  const prior: Taste = {
    mean: [0.3, -1],
    precision: [
      [2, 0.5],
      [0.5, 1],
    ],
  };
  expect(tastePosterior([], prior)).toEqual(prior);
});

test('one vote on one weight: the mode solves w = σ(-w)', () => {
  const { mean, precision } = tastePosterior([{ difference: [1] }], flat(1));
  // w·(1 + eʷ) = 1 at 0.401058…
  expect(mean[0]).toBeCloseTo(0.401058, 6);
  const slope = (1 / (1 + Math.exp(0.401058))) * (1 - 1 / (1 + Math.exp(0.401058)));
  expect(precision[0]?.[0]).toBeCloseTo(1 + slope, 6);
});

test('at the mode the gradient of the log posterior is zero', () => {
  const votes: Contrast[] = Array.from({ length: 30 }, () => ({
    difference: vector(5),
    probability: random(),
    weight: random() * 2,
  }));
  const { mean } = tastePosterior(votes, flat(5, 0.3));
  for (let k = 0; k < 5; k++) {
    let gradient = -0.3 * (mean[k] as number);
    for (const { difference, probability = 1, weight = 1 } of votes) {
      gradient += weight * (probability - 1 / (1 + Math.exp(-dot(mean, difference)))) * (difference[k] as number);
    }
    expect(Math.abs(gradient)).toBeLessThan(1e-9);
  }
});

test('the order of the votes does not matter, to the bit', () => {
  const votes: Contrast[] = Array.from({ length: 40 }, () => ({ difference: vector(6), weight: random() }));
  const turned = [...votes].reverse();
  const mixed = [...votes].sort((one, other) => (one.difference[2] ?? 0) - (other.difference[2] ?? 0));
  const posterior = tastePosterior(votes, flat(6));
  expect(tastePosterior(turned, flat(6))).toEqual(posterior);
  expect(tastePosterior(mixed, flat(6))).toEqual(posterior);
});

test('a tie pulls to indifference, a vote of no weight does nothing, half a vote twice is one', () => {
  const before = tastePosterior([{ difference: [2, 0] }], flat(2));
  const tied = tastePosterior([{ difference: [2, 0] }, { difference: [2, 0], probability: 0.5 }], flat(2));
  expect(tied.mean[0]).toBeLessThan(before.mean[0] as number);
  expect(tastePosterior([{ difference: [2, 0] }, { difference: [5, 1], weight: 0 }], flat(2))).toEqual(before);
  const halves = new Array(2).fill({ difference: [2, 0], weight: 0.5 });
  expect(tastePosterior(halves, flat(2)).mean[0]).toBeCloseTo(before.mean[0] as number, 12);
});

test('many votes of one person show their taste, and what is left unknown shrinks', () => {
  const taste = [1.5, -1, 0.5, 0];
  const vote = (): Contrast => {
    const difference = vector(4);
    const agrees = random() < 1 / (1 + Math.exp(-dot(taste, difference)));
    return { difference: agrees ? difference : difference.map((each) => -each) };
  };
  const few = tastePosterior(Array.from({ length: 4 }, vote), flat(4));
  const many = tastePosterior(Array.from({ length: 2000 }, vote), flat(4));
  many.mean.forEach((each, k) => {
    expect(Math.abs(each - (taste[k] as number))).toBeLessThan(4 * (uncertainty(many)[k] as number));
  });
  uncertainty(many).forEach((each, k) => {
    expect(each).toBeLessThan((uncertainty(few)[k] as number) / 3);
  });
});

test('a prediction is less sure than the mode, and the more so the less is known', () => {
  const few = tastePosterior([{ difference: [1, 0] }], flat(2));
  const atMode = 1 / (1 + Math.exp(-3 * (few.mean[0] as number)));
  expect(predictPreference(few, [3, 0])).toBeGreaterThan(0.5);
  expect(predictPreference(few, [3, 0])).toBeLessThan(atMode);
  expect(predictPreference(few, [0, 7])).toBeCloseTo(0.5, 12);
  expect(predictPreference(few, [3, 0]) + predictPreference(few, [-3, 0])).toBeCloseTo(1, 12);
});

test('votes that agree without end, with features of any size, stay finite', () => {
  const votes = Array.from({ length: 5000 }, () => ({ difference: [1e4, -1e-4] }));
  const { mean, precision } = tastePosterior(votes, flat(2, 1e-3));
  expect([...mean, ...precision.flat()].every(Number.isFinite)).toBe(true);
  expect(mean[0]).toBeGreaterThan(0);
});

describe('refuses', () => {
  test.each([
    ['features of another number', [{ difference: [1] }], flat(2)],
    ['a feature that is not a number', [{ difference: [Number.NaN, 1] }], flat(2)],
    ['a probability above 1', [{ difference: [1, 1], probability: 1.1 }], flat(2)],
    ['a negative weight', [{ difference: [1, 1], weight: -1 }], flat(2)],
    ['a prior that is not positive definite', [], flat(2, 0)],
    ['a prior of another size', [], { mean: [0], precision: flat(2).precision }],
    ['a prior that is not finite', [], { mean: [Number.POSITIVE_INFINITY], precision: [[1]] }],
  ] as [string, Contrast[], Taste][])('%s', (_, votes, prior) => {
    expect(() => tastePosterior(votes, prior)).toThrow(RangeError);
  });
});

test.each(vectors.cases)('of the vector: $name', ({ prior, votes, mean, precision, predictions, ...known }) => {
  const taste = tastePosterior(votes, prior);
  expectClose(taste.mean, mean);
  expectClose(taste.precision.flat(), precision.flat());
  expectClose(uncertainty(taste), known.uncertainty);
  for (const { difference, probability } of predictions) {
    expectClose([predictPreference(taste, difference)], [probability]);
  }
});

function expectClose(found: readonly number[], expected: readonly number[]) {
  const size = Math.max(...expected.map(Math.abs), 1e-300);
  expect(found.length).toBe(expected.length);
  found.forEach((each, k) => {
    expect(Math.abs(each - (expected[k] as number)) / size).toBeLessThan(1e-9);
  });
}
