/**
 * An interval of Krippendorff's α by the bootstrap over units (Hayes & Krippendorff 2007, "Answering the call for a standard
 * reliability measure", resample what was observed; here whole units, because the values of one are not independent).
 */
import type { BootstrapOptions, Estimate } from './bootstrap.ts';
import { quantile } from './quantile.ts';
import { seededRandom } from './random.ts';

type Group = readonly (readonly number[])[];

/** What a group of units adds to the sums that nominal α is made of. */
type Part = { disagreement: number; counts: Map<number, number> };

/**
 * Percentile interval of nominal α. groups: of each, the units that are drawn together, as `krippendorffAlpha` takes them; many may
 * be one and the same array, which is then counted once. `n` counts the groups in which a unit has two values. NaN where α is;
 * resamples in which it is are left out.
 */
export function krippendorffInterval(groups: readonly Group[], options: BootstrapOptions): Estimate {
  const { seed, resamples = 2000, coverage = 0.95 } = options;
  const { parts, partOf } = countParts(groups);
  const index = new Map<number, number>();
  for (const { counts } of parts) for (const value of counts.keys()) index.set(value, index.get(value) ?? index.size);
  const entries = parts.map(({ counts }) =>
    [...counts].map(([value, count]) => ({ at: index.get(value) as number, count })),
  );
  const disagreements = Float64Array.from(parts, ({ disagreement }) => disagreement);
  const totals = new Float64Array(index.size);
  /** observed: disagreement in all that was drawn; drawn: how often each part was. */
  function alphaOf(observed: number, drawn: Int32Array): number {
    totals.fill(0);
    entries.forEach((counts, part) => {
      for (const { at, count } of counts) totals[at] = (totals[at] as number) + count * (drawn[part] as number);
    });
    const all = totals.reduce((sum, each) => sum + each, 0);
    const expected = all ** 2 - totals.reduce((sum, each) => sum + each ** 2, 0);
    return 1 - (observed * (all - 1)) / expected;
  }

  const drawn = new Int32Array(parts.length);
  let observed = 0;
  function draw(group: number): void {
    const part = partOf[group] as number;
    observed += disagreements[part] as number;
    drawn[part] = (drawn[part] as number) + 1;
  }
  const n = partOf.length;
  for (let group = 0; group < n; group++) draw(group);
  const value = alphaOf(observed, drawn);
  if (Number.isNaN(value)) return { value, low: value, high: value, n };
  const random = seededRandom(seed);
  const draws = Array.from({ length: resamples }, () => {
    observed = 0;
    drawn.fill(0);
    for (let each = 0; each < n; each++) draw(Math.floor(random() * n));
    return alphaOf(observed, drawn);
  });
  const known = draws.filter((each) => !Number.isNaN(each));
  const tail = (1 - coverage) / 2;
  return { value, low: quantile(known, tail), high: quantile(known, 1 - tail), n };
}

/** The distinct parts, and which one each group is: groups that say nothing are left out. */
function countParts(groups: readonly Group[]): { parts: Part[]; partOf: Int32Array } {
  const known = new Map<Group, number>();
  const parts: Part[] = [];
  for (const group of groups) {
    if (known.has(group)) continue;
    const part = sumUp(group);
    known.set(group, part.counts.size > 0 ? parts.push(part) - 1 : -1);
  }
  const partOf = groups.map((group) => known.get(group) as number).filter((part) => part >= 0);
  return { parts, partOf: Int32Array.from(partOf) };
}

function sumUp(group: Group): Part {
  const part: Part = { disagreement: 0, counts: new Map() };
  for (const unit of group) {
    if (unit.length < 2) continue;
    const own = new Map<number, number>();
    for (const value of unit) own.set(value, (own.get(value) ?? 0) + 1);
    const same = [...own.values()].reduce((sum, each) => sum + each ** 2, 0);
    part.disagreement += (unit.length ** 2 - same) / (unit.length - 1);
    for (const [value, count] of own) part.counts.set(value, (part.counts.get(value) ?? 0) + count);
  }
  return part;
}
