/** Reports on single rows of an import: all of them into a file, the first few where a person sees them. */
import { type FileHandle, open } from 'node:fs/promises';
import type { RowReport } from './import-batches.ts';
import type { ImportCounts } from './import-preferences.ts';
import { formatCount } from './progress-bar.ts';
import { formatTally } from './tally.ts';

export function describeCounts(counts: ImportCounts): string {
  const { rows, stored, duplicates, rejected, reasons, notTrainable } = counts;
  const parts = [`${formatCount(stored)} stored`, `${formatCount(duplicates)} already there`];
  parts.push(`${formatCount(rejected)} rejected${rejected ? ` (${formatTally(reasons)})` : ''}`);
  const useless = Object.keys(notTrainable).length > 0 ? `; never trained on: ${formatTally(notTrainable)}` : '';
  return `${formatCount(rows)} rows: ${parts.join(', ')}${useless}`;
}

const SHOWN = 5;

/** `bytes` of an earlier run's report are kept, what it wrote after its last settled batch is not. */
export async function openReports(path: string | undefined, bytes: number, say: (line: string) => void) {
  let file: FileHandle | undefined;
  if (path !== undefined) {
    file = await open(path, bytes > 0 ? 'r+' : 'w');
    await file.truncate(bytes);
  }
  let written = bytes;
  let shown = 0;
  return {
    bytes: () => written,
    async add(reports: RowReport[]): Promise<void> {
      for (const { line, message } of reports.filter(({ result }) => result === 'rejected')) {
        if (++shown <= SHOWN) say(`line ${line}: ${message}`);
        if (shown === SHOWN + 1)
          say(path ? `… further rejected rows are in ${path}` : '… --rejects FILE writes down all of them');
      }
      if (!file || reports.length === 0) return;
      const text = reports.map((report) => `${JSON.stringify(report)}\n`).join('');
      written += (await file.write(text, written)).bytesWritten;
    },
    close: async (): Promise<void> => file?.close(),
  };
}
