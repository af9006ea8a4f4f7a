/** `prefloop batches`, `stats`: how the training goes. */
import { BatchState } from '../../contracts/batch.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { formatCount } from '../progress-bar.ts';
import { formatTable, formatTime, printJson } from '../table.ts';

const json = { type: 'flag', help: 'The whole answer as JSON.' } as const;

const list = defineCommand(
  {
    name: 'prefloop batches list',
    summary: 'Batches with their states.',
    options: {
      domain: { type: 'text', value: 'ID', help: 'Only those of this domain.' },
      state: { type: 'text', value: 'NAME', choices: BatchState.options, help: 'Only those in this state.' },
      json,
      ...connectionOptions,
    },
  },
  async (values) => {
    const { domain, state } = values;
    const query = { ...(domain !== undefined && { domain }), ...(state !== undefined && { state }) };
    const { items } = await openClient(values).listBatches(query);
    if (values.json) printJson(items);
    else {
      const rows = items.map((batch) => ({
        id: batch.id,
        domain: batch.domain,
        state: batch.state,
        votes: batch.preferences.length,
        attempts: batch.attempts,
        created: formatTime(batch.createdAt),
        adapter: batch.adapter?.slice(0, 12) ?? '-',
        error: batch.error ?? '',
      }));
      process.stdout.write(`${formatTable(rows, 'no batches')}\n`);
    }
    return undefined;
  },
);

const requeue = defineCommand(
  {
    name: 'prefloop batches requeue',
    summary: 'Gives a quarantined batch back to the runners, with all its attempts.',
    positionals: ['ID'],
    options: connectionOptions,
  },
  async (values, [id = '']) => {
    const batch = await openClient(values).requeueBatch(id);
    process.stdout.write(`${batch.id} is ${batch.state}\n`);
    return undefined;
  },
);

const stats = defineCommand(
  {
    name: 'prefloop stats',
    summary: 'A domain’s votes, batches and adapters in numbers.',
    positionals: ['DOMAIN'],
    options: { json, ...connectionOptions },
  },
  async (values, [domain = '']) => {
    const found = await openClient(values).getStats(domain);
    if (values.json) printJson(found);
    else {
      const { head, live } = found.domain;
      const table = (what: string, counts: Record<string, number>) =>
        formatTable(Object.entries(counts).map(([state, n]) => ({ [what]: state, n: formatCount(n) })));
      const reasons = Object.entries(found.notTrainable).map(([reason, n]) => `${formatCount(n)} ${reason}`);
      const parts = [table('votes', found.preferences)];
      if (reasons.length > 0) parts.push(`not trainable: ${reasons.join(', ')}`);
      parts.push(table('batches', found.batches));
      parts.push(
        `adapters: ${found.adapters.length}; live ${live?.slice(0, 12) ?? 'base'}, head ${head?.slice(0, 12) ?? 'base'}`,
      );
      process.stdout.write(`${parts.join('\n\n')}\n`);
    }
    return undefined;
  },
);

export const batchCommands = [list, requeue, stats];
