/** `prefloop export`: the preferences of a domain as a file that trainers read, streaming. */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { type Preference, PreferenceStatus } from '../../contracts/preference.ts';
import { asChat, type ExtraColumns, type FormatName, formatNames, printLine } from '../../formats/format.ts';
import { toRowsOf } from '../../formats/preference-rows.ts';
import { requireOption } from '../arguments.ts';
import { defineCommand, exitCode } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { onInterrupt } from '../interrupt.ts';
import { formatCount, startProgress } from '../progress-bar.ts';
import { describeMachine, formatCommand, writeSummary } from '../summary.ts';
import { addTo, formatTally, type Tally } from '../tally.ts';

const statuses = PreferenceStatus.exclude(['superseded']).options;
const columnNames = ['user', 'group', 'topic', 'answer', 'confidence'] as const;

const declaration = {
  name: 'prefloop export',
  summary:
    'Writes the preferences of a domain, in order of arrival, one row for every strict pair (or as the format has it).',
  options: {
    domain: { type: 'text', value: 'ID', help: 'The domain. Required.' },
    format: {
      type: 'text',
      value: 'NAME',
      choices: formatNames,
      help: 'How the file is written (JSON Lines). Required.',
    },
    out: { type: 'text', value: 'FILE', help: 'Write there, whole or not at all. Default: standard output.' },
    status: { type: 'list', value: 'A,B', choices: statuses, help: 'Only votes of these states. Default: all.' },
    columns: { type: 'list', value: 'A,B', choices: columnNames, help: 'Extra columns to write.' },
    chat: { type: 'flag', help: 'A prompt that is plain text becomes a user’s message.' },
    json: { type: 'text', value: 'FILE', help: 'Write the machine-readable summary.' },
    ...connectionOptions,
  },
  example: 'prefloop export --domain support-tone --format trl --out votes.jsonl',
  notes: 'Ties, skips, votes that a later one replaced, and what the format cannot hold are left out and counted.',
} as const;

interface Printing {
  format: FormatName;
  columns: ExtraColumns;
  chat: boolean;
}

/** The lines of one preference; what cannot be one is counted under its reason. */
function printPreference(preference: Preference, { format, columns, chat }: Printing, leftOut: Tally): string[] {
  const rows = toRowsOf(format, preference);
  if (typeof rows === 'string') {
    addTo(leftOut, rows);
    return [];
  }
  return rows.flatMap((row) => {
    const printed = printLine(format, chat ? asChat(row) : row, columns);
    if ('line' in printed) return [`${printed.line}\n`];
    addTo(leftOut, printed.rejection.reason);
    return [];
  });
}

export const exportCommand = defineCommand(declaration, async (values) => {
  const domain = requireOption(values.domain, '--domain');
  const format = requireOption(values.format, '--format');
  const client = openClient(values);
  const { preferences } = await client.getStats(domain);
  const total = Object.values(preferences).reduce((sum, n) => sum + n, 0);
  const columns = Object.fromEntries(values.columns.map((name) => [name, name]));
  const printing: Printing = { format, columns, chat: values.chat };
  const partial = values.out === undefined ? undefined : `${values.out}.partial`;
  const output = partial === undefined ? process.stdout : createWriteStream(partial);
  const { signal, release } = onInterrupt();
  const progress = startProgress({ label: `export ${domain}`, unit: 'votes', total });
  const wanted = new Set<string>(values.status);
  const leftOut: Tally = {};
  let [votes, rows] = [0, 0];
  async function* printAll() {
    for await (const preference of client.eachPreference({ domain, limit: 500 }, { signal })) {
      votes += 1;
      progress.update(votes);
      if (wanted.size > 0 && !wanted.has(preference.status)) continue;
      const lines = printPreference(preference, printing, leftOut);
      rows += lines.length;
      if (lines.length > 0) yield lines.join('');
    }
  }
  try {
    await pipeline(printAll, output, { end: partial !== undefined });
    if (partial !== undefined && values.out !== undefined) await rename(partial, values.out);
    const skipped = Object.values(leftOut).reduce((sum, n) => sum + n, 0);
    progress.finish(
      `${formatCount(rows)} rows of ${formatCount(votes)} votes${skipped ? `; left out: ${formatTally(leftOut)}` : ''}`,
    );
    if (values.json) {
      const command = formatCommand(['npx', 'prefloop', 'export', '--domain', domain, '--format', format]);
      const figures = { votes, rows, leftOut: skipped };
      await writeSummary(values.json, {
        name: 'export',
        command,
        machine: describeMachine(),
        seeds: [],
        figures,
        rows: [{ leftOut }],
      });
    }
    return exitCode.ok;
  } catch (error) {
    progress.finish('stopped; nothing was written');
    if (partial !== undefined) await rm(partial, { force: true });
    if (signal.aborted) return exitCode.interrupted;
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return exitCode.ok; // `| head` has seen enough
    throw error;
  } finally {
    release();
  }
});
