/** Files of preferences, written: what a format is, and a row as one line of it. Nothing here throws for bad data. */
import { bigbenchMistake } from './bigbench-mistake.ts';
import { hh } from './hh.ts';
import { openai } from './openai.ts';
import { type AnyRow, type RatedRow, type Rejection, type Row, type StepsRow, Unusable } from './row.ts';
import { trl } from './trl.ts';
import { trlStepwise } from './trl-stepwise.ts';
import { trlUnpaired } from './trl-unpaired.ts';
import { ultrafeedback } from './ultrafeedback.ts';

interface Format<R> {
  parse(record: Record<string, unknown>): R;
  print(row: R): Record<string, unknown>;
}

const pairs = { trl, openai, hh } satisfies Record<string, Format<Row>>;
const rated = { 'trl-unpaired': trlUnpaired, ultrafeedback } satisfies Record<string, Format<RatedRow>>;
const steps = { 'trl-stepwise': trlStepwise, 'bigbench-mistake': bigbenchMistake } satisfies Record<
  string,
  Format<StepsRow>
>;
export const formats = { ...pairs, ...rated, ...steps };

export type FormatName = keyof typeof formats;
export type RowOf<F extends FormatName> = F extends keyof typeof pairs
  ? Row
  : F extends keyof typeof rated
    ? RatedRow
    : StepsRow;

export const pairFormatNames = ['trl', 'openai', 'hh'] as const;
export type PairFormatName = (typeof pairFormatNames)[number];
export const formatNames = [
  ...pairFormatNames,
  'trl-unpaired',
  'ultrafeedback',
  'trl-stepwise',
  'bigbench-mistake',
] as const;

/** Columns beside the format's own: which one holds what. */
export interface ExtraColumns {
  user?: string | undefined;
  group?: string | undefined;
  topic?: string | undefined;
  answer?: string | undefined;
  confidence?: string | undefined;
  /** Read only. */
  features?: string | undefined;
}

/** What `read` gives, or why it is not a row. */
export function catchUnusable<T>(read: () => T): T | { rejection: Rejection } {
  try {
    return read();
  } catch (error) {
    if (error instanceof Unusable) return { rejection: error.rejection };
    throw error;
  }
}

/** A row as one line (without a line end), or the reason why the format cannot hold it. */
export function printLine<F extends FormatName>(
  format: F,
  row: RowOf<F>,
  columns: ExtraColumns = {},
): { line: string } | { rejection: Rejection } {
  return catchUnusable(() => {
    const { print } = formats[format] as unknown as Format<RowOf<F>>;
    const record = print(row);
    for (const name of ['user', 'group', 'topic', 'answer', 'confidence'] as const) {
      const column = columns[name];
      if (column !== undefined) record[column] = row[name] ?? null;
    }
    return { line: JSON.stringify(record) };
  });
}

/** The row with a plain prompt as the one message of a user; other rows as they are. */
export function asChat<R extends AnyRow>(row: R): R {
  if (!('text' in row.prompt)) return row;
  return { ...row, prompt: { messages: [{ role: 'user', content: row.prompt.text }] } };
}
