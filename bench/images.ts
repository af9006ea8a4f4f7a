/** Pictures: a Diffusion-DPO step against a plain denoising step of the same batch, and the time that drawing takes. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineCommand } from '../shared/cli/command.ts';
import { describeMachine, type Figure, formatCommand, writeSummary } from '../shared/cli/summary.ts';
import { quantile } from '../shared/math/quantile.ts';
import { python, scripts } from './train/prepare.ts';
import { ALLOCATOR, runProgram } from './train/process.ts';

const declaration = {
  name: 'npm run bench -- images',
  summary: 'Step time of Diffusion-DPO over that of plain denoising; seconds for one picture and for four.',
  options: {
    steps: { type: 'integer', value: 'N', help: 'Steps of each kind, in turn; medians.', default: 30, min: 1 },
    draws: { type: 'integer', value: 'N', help: 'Drawings of one picture and of four; medians.', default: 10, min: 1 },
    json: { type: 'text', value: 'FILE', help: 'Write the figures as JSON.' },
  },
} as const;

type Found = { steps: { dpo: number; plain: number }[]; drawing: Record<'1' | '4', number[]> };

const command = defineCommand(declaration, async (values) => {
  const folder = await mkdtemp(join(tmpdir(), 'prefloop-bench-'));
  try {
    const out = join(folder, 'images.json');
    const options = ['--out', out, '--steps', String(values.steps), '--draws', String(values.draws)];
    await runProgram(python, [join(scripts, 'images.py'), ...options], { env: ALLOCATOR });
    const found = JSON.parse(await readFile(out, 'utf8')) as Found;
    const figures: Record<string, Figure> = {
      stepRatio: summarise(found.steps.map(({ dpo, plain }) => dpo / plain)),
      'step.dpo': summarise(found.steps.map(({ dpo }) => dpo)),
      'step.plain': summarise(found.steps.map(({ plain }) => plain)),
      'sample.one': summarise(found.drawing['1']),
      'sample.four': summarise(found.drawing['4']),
    };
    for (const [name, figure] of Object.entries(figures)) {
      const { value, low, high, n } = figure as { value: number; low: number; high: number; n: number };
      console.log(`${name.padEnd(12)} ${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)}, n ${n})`);
    }
    if (values.json) {
      const command = formatCommand(['npm', 'run', 'bench', '--', 'images', ...process.argv.slice(3)]);
      await writeSummary(values.json, { name: 'images', command, machine: describeMachine(), seeds: [0], figures });
    }
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** The median, between the quartiles. */
function summarise(values: number[]): { value: number; low: number; high: number; n: number } {
  const at = (share: number) => quantile(values, share);
  return { value: at(0.5), low: at(0.25), high: at(0.75), n: values.length };
}

export const main = command.run;
