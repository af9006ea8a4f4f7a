/**
 * Krippendorff's α (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability"): agreement of any number of raters on
 * any number of units, each of them rated by some. 1: all agree; 0: as chance would have it; below: worse than chance.
 */

export type Level = 'nominal' | 'ordinal' | 'interval';

/**
 * units: of each, the values that raters gave it, in any order. Units with fewer than two values say nothing.
 * NaN where nothing can be said: no unit was rated twice, or all values are the same.
 */
export function krippendorffAlpha(units: readonly (readonly number[])[], level: Level = 'nominal'): number {
  const paired = units.filter((values) => values.length > 1);
  const values = [...new Set(paired.flat())].sort((one, other) => one - other);
  const index = new Map(values.map((value, at) => [value, at]));
  const totals = new Array<number>(values.length).fill(0);
  for (const value of paired.flat()) {
    const at = index.get(value) as number;
    totals[at] = (totals[at] as number) + 1;
  }
  const distance = distances(values, totals, level);
  const between = (one: number, other: number) => distance(index.get(one) as number, index.get(other) as number);

  let observed = 0;
  for (const unit of paired) {
    let sum = 0;
    for (const one of unit) for (const other of unit) sum += between(one, other);
    observed += sum / (unit.length - 1);
  }
  let expected = 0;
  totals.forEach((count, k) => {
    totals.forEach((other, l) => {
      expected += count * other * distance(k, l);
    });
  });
  const all = totals.reduce((sum, each) => sum + each, 0);
  return 1 - (observed * (all - 1)) / expected;
}

/** Squared differences between the k-th and the l-th value. */
function distances(values: readonly number[], totals: readonly number[], level: Level) {
  if (level === 'nominal') return (k: number, l: number) => Number(k !== l);
  if (level === 'interval') return (k: number, l: number) => ((values[k] as number) - (values[l] as number)) ** 2;
  // ordinal: how many ratings lie between the two, half of those at either end
  const before = totals.map((_, k) => totals.slice(0, k).reduce((sum, each) => sum + each, 0));
  const place = totals.map((count, k) => (before[k] as number) + count / 2);
  return (k: number, l: number) => ((place[k] as number) - (place[l] as number)) ** 2;
}
