/** A training step of every method against one of plain DPO: measured time, and what its formula makes it cost. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineCommand } from '../shared/cli/command.ts';
import { describeMachine, type Figure, formatCommand, writeSummary } from '../shared/cli/summary.ts';
import { formatTable } from '../shared/cli/table.ts';
import { quantile } from '../shared/math/quantile.ts';
import { python, scripts } from './train/prepare.ts';
import { ALLOCATOR, runProgram } from './train/process.ts';

const declaration = {
  name: 'npm run bench -- recipes',
  summary: 'Step time of every method over that of DPO with an online reference, beside the FLOPs that it needs.',
  options: {
    votes: { type: 'integer', value: 'N', help: 'Votes of one run, four a step.', default: 32, min: 8 },
    runs: { type: 'integer', value: 'N', help: 'Runs of every method, in turn; medians.', default: 5, min: 1 },
    seed: { type: 'integer', value: 'S', help: 'Seed of votes and training.', default: 0, min: 0 },
    quick: { type: 'flag', help: 'One run of 8 votes: shows that it works, measures nothing.' },
    json: { type: 'text', value: 'FILE', help: 'Write the figures as JSON.' },
  },
} as const;

type Run = { method: string; run: number; secondsPerStep: number; flopsPerStep: number };

const command = defineCommand(declaration, async (values) => {
  const { votes, runs: wanted } = values.quick ? { votes: 8, runs: 1 } : values;
  const folder = await mkdtemp(join(tmpdir(), 'prefloop-bench-'));
  try {
    const out = join(folder, 'recipes.json');
    const options = ['--out', out, '--votes', String(votes), '--runs', String(wanted), '--seed', String(values.seed)];
    await runProgram(python, [join(scripts, 'recipes.py'), ...options], { env: ALLOCATOR });
    const { runs } = JSON.parse(await readFile(out, 'utf8')) as { runs: Run[] };
    const figures: Record<string, Figure> = {};
    const methods = [...new Set(runs.map(({ method }) => method))];
    // Ratios within a round: what slows the machine down for a while slows both sides down.
    const ratios = (method: string, of: 'secondsPerStep' | 'flopsPerStep') =>
      runs
        .filter((run) => run.method === method)
        .map((run) => run[of] / (runs.find((other) => other.method === 'dpo' && other.run === run.run) as Run)[of]);
    const rows = methods.map((method) => {
      const [steps, flops] = [ratios(method, 'secondsPerStep'), ratios(method, 'flopsPerStep')];
      const [step, flop] = [quantile(steps, 0.5), quantile(flops, 0.5)];
      figures[`stepRatio.${method}`] = {
        value: step,
        low: Math.min(...steps),
        high: Math.max(...steps),
        n: steps.length,
      };
      figures[`flopRatio.${method}`] = flop;
      return { method, step: step.toFixed(2), flops: flop.toFixed(2), 'step / flops': (step / flop).toFixed(2) };
    });
    console.log(formatTable(rows));
    if (values.json) {
      const command = formatCommand(['npm', 'run', 'bench', '--', 'recipes']);
      await writeSummary(values.json, {
        ...{ name: 'recipes', command, machine: describeMachine(), seeds: [values.seed], figures },
      });
    }
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

export const main = command.run;
