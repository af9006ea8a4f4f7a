import type { BootstrapOptions, Estimate } from './bootstrap.ts';
import { quantile } from './quantile.ts';
import { seededRandom } from './random.ts';

/**
 * Percentile bootstrap of the mean over all values when they come in clusters: whole clusters (the answers to one
 * prompt, the votes of one person) are drawn with replacement, because values of one cluster are not independent.
 * Each resample's mean is its sum of values over its number of values (the ratio estimator), so `value` is the plain
 * mean. `n` counts clusters. NaN throughout when there is no value.
 */
export function bootstrapClusters(
  observations: readonly { cluster: string; value: number }[],
  options: BootstrapOptions,
): Estimate {
  const { seed, resamples = 2000, coverage = 0.95 } = options;
  const totals = new Map<string, { sum: number; count: number }>();
  for (const { cluster, value } of observations) {
    const total = totals.get(cluster) ?? { sum: 0, count: 0 };
    totals.set(cluster, { sum: total.sum + value, count: total.count + 1 });
  }
  const clusters = [...totals.values()];
  if (clusters.length === 0) return { value: Number.NaN, low: Number.NaN, high: Number.NaN, n: 0 };
  const random = seededRandom(seed);
  const means = Array.from({ length: resamples }, () => {
    let sum = 0;
    let count = 0;
    for (let draw = 0; draw < clusters.length; draw++) {
      const cluster = clusters[Math.floor(random() * clusters.length)] as { sum: number; count: number };
      sum += cluster.sum;
      count += cluster.count;
    }
    return sum / count;
  });
  const tail = (1 - coverage) / 2;
  const value = observations.reduce((sum, each) => sum + each.value, 0) / observations.length;
  return { value, low: quantile(means, tail), high: quantile(means, 1 - tail), n: clusters.length };
}
