/** `prefloop adapters`: what was learned. */
import type { AdapterRecord } from '../../contracts/adapter.ts';
import { downloadAdapter } from '../adapter-download.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { findAdapter } from '../find-adapter.ts';
import { formatTable, formatTime, printJson } from '../table.ts';

const json = { type: 'flag', help: 'The whole answer as JSON.' } as const;

function describeGates({ gates }: AdapterRecord): string {
  const failed = gates.filter(({ passed }) => !passed).map(({ name }) => name);
  return failed.length > 0 ? `failed: ${failed.join(',')}` : gates.length > 0 ? 'passed' : '-';
}

const list = defineCommand(
  {
    name: 'prefloop adapters list',
    summary: 'Adapters, the newest first.',
    options: { domain: { type: 'text', value: 'ID', help: 'Only those of this domain.' }, json, ...connectionOptions },
  },
  async (values) => {
    const { items } = await openClient(values).listAdapters(values.domain);
    if (values.json) printJson(items);
    else {
      const rows = items.map((adapter) => ({
        adapter: adapter.sha.slice(0, 12),
        domain: adapter.domain,
        stage: adapter.stage,
        votes: adapter.preferences,
        gates: describeGates(adapter),
        parent: adapter.parent?.slice(0, 12) ?? 'base',
        created: formatTime(adapter.createdAt),
      }));
      process.stdout.write(`${formatTable(rows, 'no adapters')}\n`);
    }
    return undefined;
  },
);

const show = defineCommand(
  {
    name: 'prefloop adapters show',
    summary: 'One adapter with its lineage, recipe, metrics and gates, as JSON.',
    positionals: ['SHA'],
    options: connectionOptions,
  },
  async (values, [sha = '']) => {
    printJson(await findAdapter(openClient(values), sha));
    return undefined;
  },
);

const download = defineCommand(
  {
    name: 'prefloop adapters download',
    summary: 'Downloads an adapter as a PEFT folder and checks every file by its hash.',
    positionals: ['SHA'],
    options: {
      out: { type: 'text', value: 'FOLDER', help: 'Where to. Default: the first 12 digits of SHA.' },
      ...connectionOptions,
    },
  },
  async (values, [sha = '']) => {
    const client = openClient(values);
    const adapter = await findAdapter(client, sha);
    const folder = values.out ?? adapter.sha.slice(0, 12);
    await downloadAdapter(client, adapter, folder, (name) => process.stderr.write(`${name}\n`));
    process.stdout.write(`${folder}\n`);
    return undefined;
  },
);

export const adapterCommands = [list, show, download];
