/**
 * A person's taste from a handful of votes: the Bradley-Terry posterior over K weights, of which a candidate's worth is
 * the product with its K features. Laplace's approximation at the mode, found by Newton's method: the log posterior is
 * concave, so there is one, and halving steps that overshoot always finds it.
 */
import { cholesky, dot, multiply, solve } from './linear.ts';

/** One vote. */
export interface Contrast {
  /** Features of the chosen candidate minus those of the other one, K numbers. */
  difference: readonly number[];
  /** That the first one is better, 0..1: 1 for a certain vote, ½ for a tie. Default 1. */
  probability?: number;
  /** How much the vote counts, at least 0. Default 1. */
  weight?: number;
}

/** A normal distribution over K weights, by its precision: the inverse of its covariance, symmetric, K × K. */
export interface Taste {
  mean: readonly number[];
  precision: readonly (readonly number[])[];
}

const MAX_STEPS = 100;
/** Length of a Newton step, in standard deviations, below which the mode is found. */
const CLOSE = 1e-10;

/**
 * The prior updated by the votes. The votes' order does not matter, to the bit; without votes it is the prior.
 *
 * @throws RangeError for features of another number than the prior's, numbers that are not finite, a probability outside
 * 0..1, a negative weight, and a prior whose precision is not positive definite.
 */
export function tastePosterior(votes: readonly Contrast[], prior: Taste): Taste {
  check(votes, prior);
  const ordered = [...votes].sort(compare);
  let mean = [...prior.mean];
  let value = logPosterior(mean, ordered, prior);
  let at = curvature(mean, ordered, prior);
  for (let step = 0; step < MAX_STEPS; step++) {
    const direction = solve(at.precision, at.gradient);
    if (Math.sqrt(Math.max(0, dot(direction, at.gradient))) < CLOSE) break;
    let length = 1;
    for (;;) {
      const next = mean.map((each, k) => each + length * (direction[k] as number));
      const reached = logPosterior(next, ordered, prior);
      if (reached >= value || length < 1e-6) {
        mean = next;
        value = reached;
        break;
      }
      length /= 2;
    }
    at = curvature(mean, ordered, prior);
  }
  return { mean, precision: at.precision };
}

/** The probability that the first of two candidates is preferred, averaged over the posterior (MacKay 1992). */
export function predictPreference(taste: Taste, difference: readonly number[]): number {
  const variance = dot(solve(taste.precision, difference), difference);
  return sigmoid(dot(taste.mean, difference) / Math.sqrt(1 + (Math.PI * variance) / 8));
}

/** Standard deviation of each weight: what is not known yet. */
export function uncertainty(taste: Taste): number[] {
  return taste.mean.map((_, k) => {
    const unit = taste.mean.map((_, other) => Number(other === k));
    return Math.sqrt(solve(taste.precision, unit)[k] as number);
  });
}

function check(votes: readonly Contrast[], prior: Taste): void {
  const size = prior.mean.length;
  const square = prior.precision.length === size && prior.precision.every((row) => row.length === size);
  if (!square) throw new RangeError(`the prior's precision must be ${size} × ${size}`);
  if (![...prior.mean, ...prior.precision.flat()].every(Number.isFinite)) {
    throw new RangeError('the prior must be finite');
  }
  cholesky(prior.precision);
  for (const { difference, probability = 1, weight = 1 } of votes) {
    if (difference.length !== size) throw new RangeError(`a vote has ${difference.length} features, not ${size}`);
    if (!difference.every(Number.isFinite)) throw new RangeError('features must be finite');
    if (!(probability >= 0 && probability <= 1)) throw new RangeError(`a probability of ${probability}`);
    if (!(weight >= 0 && Number.isFinite(weight))) throw new RangeError(`a weight of ${weight}`);
  }
}

function compare(one: Contrast, other: Contrast): number {
  for (let k = 0; k < one.difference.length; k++) {
    const [mine, theirs] = [one.difference[k] as number, other.difference[k] as number];
    if (mine !== theirs) return mine - theirs;
  }
  const { probability = 1, weight = 1 } = one;
  return probability - (other.probability ?? 1) || weight - (other.weight ?? 1);
}

function logPosterior(mean: readonly number[], votes: readonly Contrast[], prior: Taste): number {
  const from = mean.map((each, k) => each - (prior.mean[k] as number));
  let value = -dot(multiply(prior.precision, from), from) / 2;
  for (const { difference, probability = 1, weight = 1 } of votes) {
    const margin = dot(mean, difference);
    value -= weight * (probability * softplus(-margin) + (1 - probability) * softplus(margin));
  }
  return value;
}

/** Of the log posterior: its gradient, and minus its second derivative. */
function curvature(mean: readonly number[], votes: readonly Contrast[], prior: Taste) {
  const from = mean.map((each, k) => (prior.mean[k] as number) - each);
  const gradient = multiply(prior.precision, from);
  const precision = prior.precision.map((row) => [...row]);
  for (const { difference, probability = 1, weight = 1 } of votes) {
    const expected = sigmoid(dot(mean, difference));
    const [pull, spread] = [weight * (probability - expected), weight * expected * (1 - expected)];
    difference.forEach((each, k) => {
      // Of two items that met, two numbers of many are not zero.
      if (each === 0) return;
      gradient[k] = (gradient[k] as number) + pull * each;
      const row = precision[k] as number[];
      difference.forEach((other, l) => {
        row[l] = (row[l] as number) + spread * each * other;
      });
    });
  }
  return { gradient, precision };
}

const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** ln(1 + eˣ), exact where eˣ would overflow. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
