/** Runs every configuration, each in a process of its own and never two at a time; finished ones are kept for a resumed call. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelShape } from './floor.ts';
import { python, scripts } from './prepare.ts';
import { runInto } from './process.ts';
import { BATCH, makeRow, meanFloor, type Row } from './results.ts';
import { findVariant, type Measured, settledEnvironment, VARIANTS, type Variant } from './variants.ts';

export type Setting = {
  /** Where finished results lie. */
  folder: string;
  model: string;
  shape: ModelShape;
  threads: number;
  warmUp: number;
  say: (line: string) => void;
};

/** Rate of matrix products: of the fastest library, and of each. */
export type Rate = { flopsPerSecond: number; by: Record<string, number> };

export type RunResult = {
  rows: Row[];
  floor: number;
  rates: Record<'fp32' | 'bf16', Rate>;
  versions: Record<string, string>;
};

const MINUTES = 30;

async function once<T>(file: string, make: () => Promise<T>): Promise<{ result: T; again: boolean }> {
  if (existsSync(file)) return { result: JSON.parse(await readFile(file, 'utf8')) as T, again: true };
  return { result: await make(), again: false };
}

async function measureVariant(setting: Setting, variant: Variant, label: string, pairs: string) {
  const file = join(setting.folder, `${label}-${variant.name}.json`);
  const env = variant.settled ? settledEnvironment(setting.threads) : {};
  const args = [...variant.args, '--model', setting.model, '--pairs', pairs];
  return await once(file, () => runInto<Measured>(file, variant.program, args, env, MINUTES));
}

/** One pass of every configuration over `pairs`, then the rate of products at the rows that those pairs have. */
export async function measureRun(setting: Setting, run: number, lines: string[]): Promise<RunResult> {
  const pairs = join(setting.folder, `run-${run}.jsonl`);
  await writeFile(pairs, lines.join(''));
  const rows: Row[] = [];
  const ids = new Map<string, string[]>();
  let versions: Record<string, string> = {};
  let single: Measured | undefined;
  for (const variant of VARIANTS) {
    const { result, again } = await measureVariant(setting, variant, `run-${run}`, pairs);
    const row = makeRow(variant, run, result, lines.length, setting.warmUp);
    rows.push(row);
    ids.set(result.ids, [...(ids.get(result.ids) ?? []), variant.name]);
    versions = { ...versions, ...result.versions };
    if (variant.name === 'ours.cached.fp32') single = result;
    setting.say(
      `run ${run}  ${variant.name.padEnd(21)} ${row.pairsPerSecond.toFixed(2).padStart(6)} pairs/s  ` +
        `${row.peakMegabytes.toFixed(0).padStart(5)} MB over ${row.loadedMegabytes.toFixed(0)} MB  ` +
        `${row.tokensPerPair.toFixed(0)} tokens and ${row.headRowsPerPair.toFixed(0)} head rows a pair${again ? '  (measured earlier)' : ''}`,
    );
  }
  if (ids.size !== 1)
    throw new Error(`token ids differ: ${[...ids.values()].map((names) => names.join(', ')).join(' against ')}`);
  if (!single) throw new Error('our single-adapter step was not measured');
  const rates = {
    fp32: await measureRate(setting, run, single, 'fp32'),
    bf16: await measureRate(setting, run, single, 'bf16'),
  };
  return { rows, floor: meanFloor(setting.shape, single, setting.warmUp), rates, versions };
}

async function measureRate(setting: Setting, run: number, { lengths = [] }: Measured, dtype: string): Promise<Rate> {
  const file = join(setting.folder, `run-${run}-gemm-${dtype}.json`);
  const perBatch = (count: (pair: [number, number, number]) => number) =>
    String(Math.round((lengths.reduce((total, pair) => total + count(pair), 0) / lengths.length) * BATCH));
  const rows = ['--tokens', perBatch(([p, a, b]) => p + a + b), '--scored', perBatch(([, a, b]) => a + b)];
  const args = [join(scripts, 'gemm.py'), '--model', setting.model, '--dtype', dtype, ...rows];
  const { result } = await once(file, () =>
    runInto<Rate>(file, python, args, settledEnvironment(setting.threads), MINUTES),
  );
  return result;
}

export type Parity = { worst: number; losses: Record<string, number[]> };

/** Losses of plain DPO at fp32 from the same LoRA on the same batches: the largest difference from TRL's. */
export async function measureParity(setting: Setting, lines: string[]): Promise<Parity> {
  const pairs = join(setting.folder, 'parity.jsonl');
  await writeFile(pairs, lines.join(''));
  const losses: Record<string, number[]> = {};
  for (const name of ['trl.tuned.fp32', 'ours.online.fp32', 'ours.cached.fp32']) {
    losses[name] = (await measureVariant(setting, findVariant(name), 'parity', pairs)).result.losses;
  }
  const theirs = losses['trl.tuned.fp32'] ?? [];
  const differences = ['ours.online.fp32', 'ours.cached.fp32'].flatMap((name) =>
    theirs.map((loss, step) => Math.abs(loss - (losses[name]?.[step] ?? Number.NaN))),
  );
  return { worst: Math.max(...differences), losses };
}
