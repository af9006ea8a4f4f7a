/**
 * An interval of Krippendorff's α by the bootstrap over units (Hayes & Krippendorff 2007, "Answering the call for a standard
 * reliability measure", resample what was observed; here whole units, because the values of one are not independent).
 */
import type { BootstrapOptions, Estimate } from './bootstrap.ts';
import { quantile } from './quantile.ts';
import { seededRandom } from './random.ts';

/** What a group of units adds to the sums that nominal α is made of. */
type Part = { disagreement: number; counts: Map<number, number> };

/**
 * Percentile interval of nominal α. groups: of each, the units that are drawn together, as `krippendorffAlpha` takes them.
 * `n` counts the groups in which a unit has two values. NaN where α is; resamples in which it is are left out.
 */
export function krippendorffInterval(
  groups: readonly (readonly (readonly number[])[])[],
  options: BootstrapOptions,
): Estimate {
  const { seed, resamples = 2000, coverage = 0.95 } = options;
  const parts = groups.map(partOf).filter(({ counts }) => counts.size > 0);
  const values = [...new Set(parts.flatMap(({ counts }) => [...counts.keys()]))];
  const index = new Map(values.map((value, at) => [value, at]));
  const entries = parts.map(({ disagreement, counts }) => {
    return { disagreement, counts: [...counts].map(([value, count]) => [index.get(value) as number, count] as const) };
  });
  const totals = new Array<number>(values.length);
  function alphaOf(draw: (n: number) => number): number {
    let observed = 0;
    totals.fill(0);
    for (let n = 0; n < entries.length; n++) {
      const { disagreement, counts } = entries[draw(n)] as (typeof entries)[number];
      observed += disagreement;
      for (const [at, count] of counts) totals[at] = (totals[at] as number) + count;
    }
    const all = totals.reduce((sum, each) => sum + each, 0);
    const expected = all ** 2 - totals.reduce((sum, each) => sum + each ** 2, 0);
    return 1 - (observed * (all - 1)) / expected;
  }

  const value = alphaOf((n) => n);
  if (Number.isNaN(value)) return { value, low: value, high: value, n: parts.length };
  const random = seededRandom(seed);
  const draws = Array.from({ length: resamples }, () => alphaOf(() => Math.floor(random() * entries.length)));
  const known = draws.filter((each) => !Number.isNaN(each));
  const tail = (1 - coverage) / 2;
  return { value, low: quantile(known, tail), high: quantile(known, 1 - tail), n: parts.length };
}

function partOf(units: readonly (readonly number[])[]): Part {
  const part: Part = { disagreement: 0, counts: new Map() };
  for (const unit of units) {
    if (unit.length < 2) continue;
    const own = new Map<number, number>();
    for (const value of unit) own.set(value, (own.get(value) ?? 0) + 1);
    const same = [...own.values()].reduce((sum, each) => sum + each ** 2, 0);
    part.disagreement += (unit.length ** 2 - same) / (unit.length - 1);
    for (const [value, count] of own) part.counts.set(value, (part.counts.get(value) ?? 0) + count);
  }
  return part;
}
