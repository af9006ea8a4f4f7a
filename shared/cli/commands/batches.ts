/** `prefloop batches`, `stats`: how the training goes. */
import { type Batch, BatchState } from '../../contracts/batch.ts';
import type { DomainStats } from '../../contracts/stats.ts';
import { jsonLinesOption, jsonOption, limitOption, printAnswer, printList } from '../answer.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { formatCount } from '../progress-bar.ts';
import { formatTable, formatTime, short } from '../table.ts';

const list = defineCommand(
  {
    name: 'prefloop batches list',
    summary: 'Batches with their states, the newest first.',
    options: {
      domain: { type: 'text', value: 'ID', help: 'Only those of this domain.' },
      state: { type: 'text', value: 'NAME', choices: BatchState.options, help: 'Only those in this state.' },
      limit: limitOption(100, 1000),
      json: jsonLinesOption,
      ...connectionOptions,
    },
    example: 'prefloop batches list --state quarantined',
  },
  async (values) => {
    const { domain, state, limit } = values;
    const query = { limit, ...(domain !== undefined && { domain }), ...(state !== undefined && { state }) };
    const { items } = await openClient(values).listBatches(query);
    return printList(values.json, items, formatBatches);
  },
);

const formatBatches = (batches: readonly Batch[]) =>
  formatTable(
    batches.map((batch) => ({
      id: batch.id,
      domain: batch.domain,
      state: batch.state,
      votes: batch.preferences.length,
      attempts: batch.attempts,
      created: formatTime(batch.createdAt),
      adapter: batch.adapter?.slice(0, 12) ?? '-',
      error: batch.error ?? '',
    })),
    'no batches',
  );

const show = defineCommand(
  {
    name: 'prefloop batches show',
    summary: 'One batch: its members, who has it, what a runner said of it, how its votes were weighed.',
    positionals: ['ID'],
    options: { json: jsonOption, ...connectionOptions },
    example: 'prefloop batches show 0192f3a4-7c11-7d0e-9a55-0c2f6a1be001',
  },
  async (values, [id = '']) => printAnswer(values.json, await openClient(values).getBatch(id)),
);

const requeue = defineCommand(
  {
    name: 'prefloop batches requeue',
    summary: 'Gives a quarantined batch back to the runners, with all its attempts.',
    positionals: ['ID'],
    options: { json: jsonOption, ...connectionOptions },
    example: 'prefloop batches requeue 0192f3a4-7c11-7d0e-9a55-0c2f6a1be001',
  },
  async (values, [id = '']) => {
    const batch = await openClient(values).requeueBatch(id);
    return printAnswer(values.json, batch, ({ id, state }) => `${id} is ${state}`);
  },
);

const stats = defineCommand(
  {
    name: 'prefloop stats',
    summary: 'A domain’s votes, batches and adapters in numbers.',
    positionals: ['DOMAIN'],
    options: { json: jsonOption, ...connectionOptions },
    example: 'prefloop stats support-tone',
  },
  async (values, [domain = '']) => printAnswer(values.json, await openClient(values).getStats(domain), formatStats),
);

function formatStats({ domain: { head, live }, ...found }: DomainStats): string {
  const table = (what: string, counts: Record<string, number>) =>
    formatTable(Object.entries(counts).map(([state, n]) => ({ [what]: state, n: formatCount(n) })));
  const reasons = Object.entries(found.notTrainable).map(([reason, n]) => `${formatCount(n)} ${reason}`);
  return [
    table('votes', found.preferences),
    ...(reasons.length > 0 ? [`not trainable: ${reasons.join(', ')}`] : []),
    table('batches', found.batches),
    `adapters: ${found.adapters.length}; live ${short(live)}, head ${short(head)}`,
  ].join('\n\n');
}

export const batchCommands = [list, show, requeue];
export const statsCommand = stats;
