/**
 * How long a batch's last vote waits until people are answered by what was learned from it: the real edge, runner and
 * inference server on this machine, the built-in model, one domain. What training and the gates take is taken off; the rest
 * is the loop's own.
 */

import { demoDomain, demoRecipe, hostOption, startStack } from '../scripts/demo/stack.ts';
import { defineCommand } from '../shared/cli/command.ts';
import { describeMachine, type Figure, formatCommand, writeSummary } from '../shared/cli/summary.ts';
import { formatTable } from '../shared/cli/table.ts';
import { quantile } from '../shared/math/quantile.ts';
import { DOMAIN, measureBatch, openVoter, type Row } from './loop/batch.ts';

const declaration = {
  name: 'npm run bench -- loop',
  summary:
    'From the last vote of a batch to the checkpoint that learned from it being served, training and gates apart.',
  options: {
    batches: { type: 'integer', value: 'N', help: 'Batches; medians are reported.', default: 7, min: 1 },
    batchSize: { type: 'integer', value: 'N', help: 'Votes of a batch.', default: 24, min: 1, max: 500 },
    host: hostOption,
    seed: { type: 'integer', value: 'S', help: 'Seed of prompts and training.', default: 0, min: 0 },
    quick: { type: 'flag', help: 'Two batches of 8 votes: shows that it works, measures nothing.' },
    json: { type: 'text', value: 'FILE', help: 'Write the figures as JSON.' },
  },
} as const;

const command = defineCommand(declaration, async (values) => {
  const options = values.quick ? { ...values, batches: 2, batchSize: 8 } : values;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
  const stack = await startStack({
    host: options.host,
    port: 0,
    model: 'tiny',
    folder: undefined,
    page: undefined,
    say: console.error,
  });
  const rows: Row[] = [];
  try {
    // A batch is formed when it is full and only then; nothing fails a gate, all of them are measured.
    const changes = { batchSize: options.batchSize, maxWaitSeconds: 86_400, gates: {} };
    await stack.admin.createDomain(demoDomain(DOMAIN, 'tiny', { ...changes, recipe: demoRecipe(options.seed) }));
    stack.startRunner();
    const voter = await openVoter(stack);
    const prompts = await stack.judge.prompts(options.batches * options.batchSize * 3, options.seed, 'train');
    for (let batch = 1; batch <= options.batches; batch++) {
      const row = await Promise.race([
        measureBatch(stack, voter, prompts, batch, options.batchSize),
        stack.processes.failure,
      ]);
      rows.push(row);
      console.log(
        `batch ${batch}: served after ${row.voteToServedSeconds.toFixed(2)} s = training ${row.trainSeconds.toFixed(2)} ` +
          `+ gates ${row.gateSeconds.toFixed(2)} + overhead ${row.overheadSeconds.toFixed(2)}`,
      );
    }
  } finally {
    await stack.stop();
  }
  const median = (read: (row: Row) => number): Figure => {
    const measured = rows.map(read);
    return {
      value: quantile(measured, 0.5),
      low: Math.min(...measured),
      high: Math.max(...measured),
      n: measured.length,
    };
  };
  const figures = {
    overheadSeconds: median((row) => row.overheadSeconds),
    trainSeconds: median((row) => row.trainSeconds),
    gateSeconds: median((row) => row.gateSeconds),
    voteToServedSeconds: median((row) => row.voteToServedSeconds),
  };
  if (options.json) {
    await writeSummary(options.json, {
      name: 'loop',
      command: formatCommand(['npm', 'run', 'bench', '--', 'loop', ...process.argv.slice(3)]),
      machine: describeMachine(),
      seeds: [options.seed],
      figures,
      rows,
    });
  }
  const shown = (figure: Figure) => (typeof figure === 'number' ? figure : figure.value).toFixed(2);
  console.log(
    `\n${formatTable([Object.fromEntries(Object.entries(figures).map(([key, figure]) => [key, shown(figure)]))])}`,
  );
  console.log(
    `\nMedians of ${rows.length} batches: overhead ${shown(figures.overheadSeconds)} s beside ${shown(figures.trainSeconds)} s ` +
      `of training and ${shown(figures.gateSeconds)} s of gates.`,
  );
});

export const main = command.run;
