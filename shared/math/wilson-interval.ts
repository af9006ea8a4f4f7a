/**
 * The [Wilson score interval](https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval)
 * of a share: where the true probability lies, given `successes` of `trials`. Unlike the textbook interval it stays
 * inside [0, 1] and is honest for few trials. Counts may be fractional (weighted, decayed).
 *
 * @param z half-width in standard deviations; 1.96 gives 95 %
 * @throws RangeError when the counts make no sense
 */
export function wilsonInterval(
  successes: number,
  trials: number,
  z = 1.959964,
): { value: number; low: number; high: number } {
  if (!(trials > 0) || !(successes >= 0) || successes > trials * (1 + 1e-9)) {
    throw new RangeError('wilsonInterval needs 0 <= successes <= trials and trials > 0');
  }
  const share = Math.min(1, successes / trials);
  const denominator = 1 + z ** 2 / trials;
  const center = (share + z ** 2 / (2 * trials)) / denominator;
  const halfWidth = (z / denominator) * Math.sqrt((share * (1 - share)) / trials + z ** 2 / (4 * trials ** 2));
  // Exact at the ends, where rounding would leave a trace.
  const low = share === 0 ? 0 : Math.max(0, center - halfWidth);
  const high = share === 1 ? 1 : Math.min(1, center + halfWidth);
  return { value: share, low, high };
}
