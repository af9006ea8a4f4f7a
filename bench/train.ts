/**
 * How fast, and in how much memory, one LoRA is trained by DPO: our step beside TRL's DPOTrainer on the same model, the
 * same pairs in the same order, the same starting weights. Also the twin's cost, parity of the losses, and the distance
 * from the fewest operations that the work takes.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../shared/cli/arguments.ts';
import { defineCommand } from '../shared/cli/command.ts';
import { describeMachine, type Figure, formatCommand, writeSummary } from '../shared/cli/summary.ts';
import { formatTable } from '../shared/cli/table.ts';
import { readShape } from './train/floor.ts';
import { measureParity, measureRun, type RunResult, type Setting } from './train/measure.ts';
import * as prepare from './train/prepare.ts';
import { runProgram } from './train/process.ts';
import { BATCH, compareRuns, speedFigures, summarise, tabulate } from './train/results.ts';

const declaration = {
  name: 'npm run bench -- train',
  summary: 'Our LoRA-DPO step against TRL: pairs a second, memory, parity of losses, distance from the FLOP floor.',
  options: {
    data: { type: 'text', value: 'DIR', help: 'Folder that holds gsm8k/; also PREFLOOP_DATA.' },
    pairs: { type: 'integer', value: 'N', help: 'Pairs of the epoch.', default: 256, min: 24 },
    runs: { type: 'integer', value: 'N', help: 'Runs; medians are reported.', default: 3, min: 1, max: 20 },
    whole: { type: 'flag', help: 'Every run goes through all pairs; otherwise each through its own part of them.' },
    warmUp: {
      type: 'integer',
      value: 'N',
      help: 'Steps at the start of a process that are not timed.',
      default: 2,
      min: 0,
    },
    threads: {
      type: 'integer',
      value: 'N',
      help: 'Threads of all but TRL as it comes; default: physical cores.',
      min: 1,
    },
    seed: {
      type: 'integer',
      value: 'S',
      help: "Seed of the model's weights and of the pairs' order.",
      default: 0,
      min: 0,
    },
    quick: { type: 'flag', help: 'One run over 24 pairs: shows that it works, measures nothing.' },
    fresh: { type: 'flag', help: 'Forget what an interrupted call has measured.' },
    json: { type: 'text', value: 'FILE', help: 'Write the figures as JSON.' },
  },
  notes: 'An interrupted call goes on where it was, unless code or options have changed. Measure on a machine at rest.',
} as const;

const PARITY_STEPS = 20;

const command = defineCommand(declaration, async (values) => {
  const options = values.quick ? { ...values, pairs: 24, runs: 1, warmUp: 1 } : values;
  const steps = Math.floor(options.pairs / BATCH / (options.whole ? 1 : options.runs));
  if (steps <= options.warmUp)
    throw new UsageError(`${options.pairs} pairs leave a run ${steps} steps: none to be timed`);
  const data = prepare.findData(options.data ?? process.env.PREFLOOP_DATA);
  const threads = options.threads ?? (await prepare.countCores());
  const started = performance.now();
  await prepare.preparePeers(console.log);
  const model = await prepare.prepareModel(data.texts, options.seed);
  const settings = [options.pairs, options.runs, options.whole, threads, options.seed].join(' ');
  const folder = join(
    prepare.kept,
    'train',
    await prepare.hashFiles([...(await prepare.listSources()), data.pairs], model, settings),
  );
  if (options.fresh) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });

  const { lines, leftOut } = await choosePairs(folder, model, data.pairs, options);
  const shape = readShape(JSON.parse(await readFile(join(model, 'config.json'), 'utf8')));
  const setting: Setting = { folder, model, shape, threads, warmUp: options.warmUp, say: console.log };
  console.log(`${lines.length} pairs in batches of ${BATCH} (${leftOut} longer ones left out), ${threads} threads\n`);
  const parity = await measureParity(setting, lines.slice(0, BATCH * (options.quick ? 3 : PARITY_STEPS)));
  const runs: RunResult[] = [];
  for (let run = 1; run <= options.runs; run++) {
    runs.push(await measureRun(setting, run, options.whole ? lines : takePart(lines, run - 1, options.runs)));
  }

  const rows = runs.flatMap((run) => run.rows);
  const floorRatio = (dtype: 'fp32' | 'bf16') =>
    compareRuns(rows, (find) => {
      const row = find(`ours.cached.${dtype}`);
      const { floor, rates } = runs[row.run - 1] as RunResult;
      return (row.secondsPerPair * rates[dtype].flopsPerSecond) / floor;
    });
  const rate = (read: (run: RunResult) => number) => summarise(runs.map((run) => read(run) / 1e9));
  const figures: Record<string, Figure> = {
    ...speedFigures(rows),
    parity: parity.worst,
    floorRatio: floorRatio('fp32'),
    'floorRatio.bf16': floorRatio('bf16'),
    'gigaflopPerPair.floor': rate((run) => run.floor),
    'gigaflopsPerSecond.fp32': rate((run) => run.rates.fp32.flopsPerSecond),
    'gigaflopsPerSecond.fp32.torch': rate((run) => run.rates.fp32.by.torch ?? Number.NaN),
    'gigaflopsPerSecond.bf16': rate((run) => run.rates.bf16.flopsPerSecond),
    seconds: (performance.now() - started) / 1000,
  };
  const versions = Object.entries(runs[0]?.versions ?? {}).map(([name, version]) => `${name} ${version}`);
  if (options.json) {
    await writeSummary(options.json, {
      name: 'train',
      command: formatCommand(['npm', 'run', 'bench', '--', 'train', ...process.argv.slice(3)]),
      machine: `${describeMachine()}, ${versions.join(', ')}`,
      seeds: [options.seed],
      figures,
      rows: [...rows, { parity: parity.losses }],
    });
  }
  await rm(join(prepare.kept, 'train'), { recursive: true, force: true });

  console.log(`\n${formatTable(tabulate(rows))}\n`);
  console.log(
    'The first epoch computes the reference of every pair; later ones look it up. Peak memory is what training adds.',
  );
  const shown = (key: string) => {
    const figure = figures[key] ?? Number.NaN;
    return (typeof figure === 'number' ? figure : figure.value).toPrecision(3);
  };
  for (const key of Object.keys(figures)) console.log(`  ${key.padEnd(32)} ${shown(key)}`);
  console.log(
    `\n${shown('speedup.default.fp32')} × TRL as it comes at fp32, ${shown('speedup.default.bf16')} × at bf16; ` +
      `${shown('speedup.tuned.fp32')} × TRL tuned; ${shown('memoryRatio.fp32')} × its memory; losses within ${shown('parity')}.`,
  );
});

export const main = command.run;

async function choosePairs(folder: string, model: string, file: string, options: { pairs: number; seed: number }) {
  const out = join(folder, 'pairs.jsonl');
  const count = Math.floor(options.pairs / BATCH) * BATCH;
  const script = join(prepare.scripts, 'pairs.py');
  const args = [
    '--model',
    model,
    '--pairs',
    file,
    '--count',
    String(count),
    '--seed',
    String(options.seed),
    '--out',
    out,
  ];
  const leftOut = Number(await runProgram(prepare.python, [script, ...args]));
  const lines = (await readFile(out, 'utf8')).split(/(?<=\n)/);
  return { lines, leftOut };
}

/** Every `runs`-th batch: the parts together are the epoch, and each has batches from all over it. */
function takePart(lines: string[], part: number, runs: number): string[] {
  return lines.filter((_, index) => Math.floor(index / BATCH) % runs === part);
}
