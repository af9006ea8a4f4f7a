import { quantile } from './quantile.ts';
import { seededRandom } from './random.ts';

export interface Estimate {
  value: number;
  low: number;
  high: number;
  /** Independent observations behind it. */
  n: number;
}

export interface BootstrapOptions {
  seed: number;
  resamples?: number;
  /** Probability that the interval covers: 0.95 leaves 2.5 % on each side. */
  coverage?: number;
}

/**
 * Percentile bootstrap of the mean (Efron 1979): `values` are independent observations, such as the wins (1), ties
 * (0.5) and losses (0) on separate prompts. NaN throughout when there are none.
 */
export function bootstrapMean(values: readonly number[], options: BootstrapOptions): Estimate {
  const { seed, resamples = 2000, coverage = 0.95 } = options;
  const n = values.length;
  if (n === 0) return { value: Number.NaN, low: Number.NaN, high: Number.NaN, n: 0 };
  const random = seededRandom(seed);
  const means = Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let draw = 0; draw < n; draw++) sum += values[Math.floor(random() * n)] as number;
    return sum / n;
  });
  const tail = (1 - coverage) / 2;
  const value = values.reduce((sum, each) => sum + each, 0) / n;
  return { value, low: quantile(means, tail), high: quantile(means, 1 - tail), n };
}
