/** From lines to the batches that are sent: rows of a file with their line numbers, and the lines that are none. */
import type { z } from 'zod';
import type { PreferenceInput } from '../contracts/preference.ts';
import { asChat, type ExtraColumns, type FormatName, parseLine } from '../formats/format.ts';
import { toPreferenceInput } from '../formats/preference-rows.ts';
import type { Line, Position } from './lines.ts';

/** Characters of one batch: far below what an edge accepts, whatever the rows hold. */
const MAX_BATCH_CHARACTERS = 1_000_000;

export interface Source {
  format: FormatName;
  domain: string;
  columns: ExtraColumns;
  /** A plain prompt becomes the one message of a user. */
  chat: boolean;
}

/** A line that was not stored, or was stored but cannot train. */
export interface RowReport {
  line: number;
  result: 'rejected' | 'notTrainable';
  /** A RejectionReason, an error code of the edge, or a NotTrainableReason. */
  reason: string;
  field: string | null;
  message: string;
}

export interface ImportBatch {
  items: { line: number; input: z.input<typeof PreferenceInput> }[];
  reports: RowReport[];
  /** Lines with something on them. */
  rows: number;
  end: Position;
}

const problems = { invalidUtf8: 'the line is not valid UTF-8', lineTooLong: 'the line is longer than 32 MiB' };

async function readItem({ number, text, problem }: Line, source: Source): Promise<ImportBatch['items'][0] | RowReport> {
  if (text === undefined) {
    const reason = problem ?? 'invalidUtf8';
    return { line: number, result: 'rejected', reason, field: null, message: problems[reason] };
  }
  const parsed = parseLine(source.format, text, source.columns);
  if ('rejection' in parsed) return { line: number, result: 'rejected', ...parsed.rejection };
  const row = source.chat ? asChat(parsed.row) : parsed.row;
  return { line: number, input: await toPreferenceInput(row, source.domain) };
}

/** Batches of at most `size` rows, in the order of the file; blank lines are no rows. */
export async function* makeBatches(
  lines: AsyncIterable<Line>,
  source: Source,
  size: number,
): AsyncGenerator<ImportBatch> {
  const empty = (end: Position): ImportBatch => ({ items: [], reports: [], rows: 0, end });
  let batch: ImportBatch | undefined;
  let characters = 0;
  for await (const line of lines) {
    const length = line.text?.length ?? 0;
    if (batch && (batch.rows >= size || characters + length > MAX_BATCH_CHARACTERS)) {
      yield batch;
      batch = undefined;
    }
    if (!batch) [batch, characters] = [empty(line.end), 0];
    batch.end = line.end;
    characters += length;
    if (line.text?.trim() === '') continue;
    batch.rows += 1;
    const item = await readItem(line, source);
    if ('input' in item) batch.items.push(item);
    else batch.reports.push(item);
  }
  if (batch) yield batch;
}
