/** From what the processes wrote down to the figures and the table. */
import type { Figure } from '../../shared/cli/summary.ts';
import { quantile } from '../../shared/math/quantile.ts';
import { floorFlops, type ModelShape } from './floor.ts';
import type { Measured, Variant } from './variants.ts';

export const BATCH = 4;
export const RANK = 16;

/** One process: one configuration on one run's part of the pairs. Per-pair numbers leave the warm-up out. */
export type Row = {
  variant: string;
  what: string;
  dtype: string;
  run: number;
  pairs: number;
  timedPairs: number;
  secondsPerPair: number;
  pairsPerSecond: number;
  /** Time to compute the reference beforehand, spread over the pairs; 0 where it is computed in the step. */
  referenceSecondsPerPair: number;
  /** With that time: what the first epoch costs, and a single one. */
  firstEpochPairsPerSecond: number;
  peakMegabytes: number;
  loadedMegabytes: number;
  tokensPerPair: number;
  headRowsPerPair: number;
  threads: number;
};

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

export function makeRow(variant: Variant, run: number, measured: Measured, pairs: number, warmUp: number): Row {
  const timed = measured.stepSeconds.slice(warmUp);
  const timedPairs = pairs - warmUp * BATCH;
  const secondsPerPair = sum(timed) / timedPairs;
  const referenceSecondsPerPair = (measured.seconds.reference ?? 0) / pairs;
  return {
    variant: variant.name,
    what: variant.what,
    dtype: variant.dtype,
    run,
    pairs,
    timedPairs,
    secondsPerPair,
    pairsPerSecond: 1 / secondsPerPair,
    referenceSecondsPerPair,
    firstEpochPairsPerSecond: 1 / (secondsPerPair + referenceSecondsPerPair),
    peakMegabytes: (measured.peakRss - measured.rssLoaded) / 1e6,
    loadedMegabytes: measured.rssLoaded / 1e6,
    tokensPerPair: measured.tokens / pairs,
    headRowsPerPair: measured.headRows / pairs,
    threads: measured.threads,
  };
}

/** Mean floor of the timed pairs: F* of floor.ts. */
export function meanFloor(shape: ModelShape, measured: Measured, warmUp: number): number {
  const lengths = (measured.lengths ?? []).slice(warmUp * BATCH);
  return sum(lengths.map((pair) => floorFlops(shape, RANK, pair))) / lengths.length;
}

/** Median over the runs, with the lowest and the highest run beside it. */
export function summarise(values: readonly number[]): Figure {
  return { value: quantile(values, 0.5), low: Math.min(...values), high: Math.max(...values), n: values.length };
}

/** Figures compare two configurations run by run: the same pairs, minutes apart, so that a slow hour cancels. */
export function compareRuns(rows: readonly Row[], compare: (find: (variant: string) => Row) => number): Figure {
  const runs = [...new Set(rows.map((row) => row.run))];
  return summarise(
    runs.map((run) =>
      compare((variant) => {
        const row = rows.find((each) => each.run === run && each.variant === variant);
        if (!row) throw new Error(`run ${run} has no ${variant}`);
        return row;
      }),
    ),
  );
}

export function speedFigures(rows: readonly Row[]): Record<string, Figure> {
  const figures: Record<string, Figure> = {};
  const faster = (theirs: string, ours: string, read: (row: Row) => number = (row) => row.pairsPerSecond) =>
    compareRuns(rows, (find) => read(find(ours)) / read(find(theirs)));
  for (const dtype of ['fp32', 'bf16'] as const) {
    const name = (config: string) => `${config}.${dtype}`;
    figures[`speedup.default.${dtype}`] = faster(name('trl.default'), name('ours.cached'));
    figures[`speedup.defaultInStep.${dtype}`] = faster(name('trl.default'), name('ours.online'));
    figures[`speedup.defaultFirstEpoch.${dtype}`] = faster(
      name('trl.default'),
      name('ours.cached'),
      (row) => row.firstEpochPairsPerSecond,
    );
    figures[`speedup.tuned.${dtype}`] = faster(name('trl.tuned'), name('ours.cached'));
    figures[`speedup.tunedFirstEpoch.${dtype}`] = faster(
      name('trl.tuned'),
      name('ours.cached'),
      (row) => row.firstEpochPairsPerSecond,
    );
    const peak = (find: (variant: string) => Row, config: string) => find(name(config)).peakMegabytes;
    // Against whichever of TRL's two configurations needs less.
    figures[`memoryRatio.${dtype}`] = compareRuns(
      rows,
      (find) => peak(find, 'ours.cached') / Math.min(peak(find, 'trl.default'), peak(find, 'trl.tuned')),
    );
    figures[`memoryRatioInStep.${dtype}`] = compareRuns(
      rows,
      (find) => peak(find, 'ours.online') / Math.min(peak(find, 'trl.default'), peak(find, 'trl.tuned')),
    );
  }
  for (const reference of ['cached', 'online']) {
    figures[`twinRatio.${reference}`] = compareRuns(
      rows,
      (find) => find(`ours.twin.${reference}.fp32`).secondsPerPair / find(`ours.${reference}.fp32`).secondsPerPair,
    );
  }
  return figures;
}

/** One line per configuration, medians over the runs; for the terminal and for docs/benchmarks.md. */
export function tabulate(rows: readonly Row[]): Record<string, string>[] {
  return [...new Set(rows.map((row) => row.variant))].map((variant) => {
    const runs = rows.filter((row) => row.variant === variant);
    const [first] = runs as [Row];
    const median = (read: (row: Row) => number) => quantile(runs.map(read), 0.5);
    return {
      configuration: first.what,
      dtype: first.dtype,
      'pairs/s': median((row) => row.pairsPerSecond).toFixed(2),
      'pairs/s, first epoch': median((row) => row.firstEpochPairsPerSecond).toFixed(2),
      'peak memory, MB': median((row) => row.peakMegabytes).toFixed(0),
      'after loading, MB': median((row) => row.loadedMegabytes).toFixed(0),
      'tokens/pair': median((row) => row.tokensPerPair).toFixed(0),
      'head rows/pair': median((row) => row.headRowsPerPair).toFixed(0),
    };
  });
}
