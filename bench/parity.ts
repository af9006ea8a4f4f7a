/** Our objectives against TRL's: losses and LoRA gradients on the same weights and batch. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineCommand, exitCode } from '../shared/cli/command.ts';
import { describeMachine, type Figure, formatCommand, writeSummary } from '../shared/cli/summary.ts';
import { formatTable } from '../shared/cli/table.ts';
import { peersPython, preparePeers, scripts } from './train/prepare.ts';
import { runProgram } from './train/process.ts';

/** What rounding alone may make of it. */
const BOUND = 1e-5;

const declaration = {
  name: 'npm run bench -- parity',
  summary: `Losses and LoRA gradients of our objectives equal TRL's within ${BOUND}; fails where they do not.`,
  options: { json: { type: 'text', value: 'FILE', help: 'Write the figures as JSON.' } },
} as const;

type Found = Record<
  string,
  { loss: number; lossDifference: number; gradientDifference: number; largestGradient: number }
>;

const command = defineCommand(declaration, async (values) => {
  await preparePeers(console.error);
  const folder = await mkdtemp(join(tmpdir(), 'prefloop-bench-'));
  try {
    const out = join(folder, 'parity.json');
    await runProgram(peersPython, [join(scripts, 'peers', 'parity.py'), '--out', out]);
    const found = JSON.parse(await readFile(out, 'utf8')) as Found;
    const figures: Record<string, Figure> = {};
    for (const [loss, { lossDifference, gradientDifference }] of Object.entries(found)) {
      figures[`loss.${loss}`] = lossDifference;
      figures[`gradient.${loss}`] = gradientDifference;
    }
    const rows = Object.entries(found).map(([loss, each]) => ({
      loss,
      value: each.loss.toFixed(4),
      difference: each.lossDifference.toExponential(1),
      'largest gradient': each.largestGradient.toFixed(3),
      'largest difference': each.gradientDifference.toExponential(1),
    }));
    console.log(formatTable(rows));
    if (values.json) {
      const command = formatCommand(['npm', 'run', 'bench', '--', 'parity']);
      await writeSummary(values.json, { name: 'parity', command, machine: describeMachine(), seeds: [0], figures });
    }
    const off = Object.entries(figures).filter(([, figure]) => !((figure as number) <= BOUND));
    for (const [name, figure] of off) console.error(`${name} is off by ${figure}`);
    return off.length > 0 ? exitCode.failed : exitCode.ok;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

export const main = command.run;
