/** `prefloop adapters`: what was learned. */
import type { AdapterFileName, AdapterRecord } from '../../contracts/adapter.ts';
import { jsonLinesOption, jsonOption, limitOption, printAnswer, printList } from '../answer.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { findAdapter } from '../find-adapter.ts';
import { downloadManifest } from '../manifest-download.ts';
import { formatTable, formatTime, short } from '../table.ts';
import { runTransfer, totalBytes } from '../transfer.ts';

function describeGates({ gates }: AdapterRecord): string {
  const failed = gates.filter(({ passed }) => !passed).map(({ name }) => name);
  return failed.length > 0 ? `failed: ${failed.join(',')}` : gates.length > 0 ? 'passed' : '-';
}

const list = defineCommand(
  {
    name: 'prefloop adapters list',
    summary: 'Adapters, the newest first.',
    options: {
      domain: { type: 'text', value: 'ID', help: 'Only those of this domain.' },
      limit: limitOption(200, 1000),
      json: jsonLinesOption,
      ...connectionOptions,
    },
    example: 'prefloop adapters list --domain support-tone',
  },
  async (values) => {
    const { items } = await openClient(values).listAdapters(values.domain, values.limit);
    return printList(values.json, items, (adapters) => {
      const rows = adapters.map((adapter) => ({
        adapter: short(adapter.sha),
        domain: adapter.domain,
        stage: adapter.stage,
        votes: adapter.preferences,
        gates: describeGates(adapter),
        parent: short(adapter.parent),
        created: formatTime(adapter.createdAt),
      }));
      return formatTable(rows, 'no adapters');
    });
  },
);

const show = defineCommand(
  {
    name: 'prefloop adapters show',
    summary: 'One adapter with its lineage, recipe, metrics and gates.',
    positionals: ['SHA'],
    options: { json: jsonOption, ...connectionOptions },
    example: 'prefloop adapters show 3f9a1c2b',
    notes: 'SHA may be the start of a hash: six digits or more that only one adapter has.',
  },
  async (values, [sha = '']) => printAnswer(values.json, await findAdapter(openClient(values), sha)),
);

const download = defineCommand(
  {
    name: 'prefloop adapters download',
    summary: 'Downloads an adapter as a PEFT folder and checks every file by its hash.',
    positionals: ['SHA'],
    options: {
      out: { type: 'text', value: 'FOLDER', help: 'Where to. Default: the first 12 digits of SHA.' },
      json: jsonOption,
      ...connectionOptions,
    },
    example: 'prefloop adapters download 3f9a1c2b --out adapter',
    notes: 'Prints the folder; with --json the adapter’s record.',
  },
  async (values, [sha = '']) => {
    const client = openClient(values);
    const adapter = await findAdapter(client, sha);
    const folder = values.out ?? short(adapter.sha);
    const stopped = await runTransfer(short(adapter.sha), totalBytes(adapter.files), (signal, onBytes) => {
      const open = (name: AdapterFileName) =>
        client.downloadAdapterFile(adapter.sha, name, { timeoutMs: 120_000, signal });
      return downloadManifest(adapter, folder, open, onBytes);
    });
    return stopped ?? printAnswer(values.json, adapter, () => folder);
  },
);

export const adapterCommands = [list, show, download];
