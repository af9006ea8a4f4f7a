/** Files of preferences, line by line: JSON Lines in, rows or reasons out, and back. Nothing here throws for bad data. */
import { bigbenchMistake } from './bigbench-mistake.ts';
import { readFeatures } from './features.ts';
import { hh } from './hh.ts';
import { openai } from './openai.ts';
import {
  type AnyRow,
  checkRow,
  type Facts,
  type RatedRow,
  type Rejection,
  type Row,
  type StepsRow,
  Unusable,
} from './row.ts';
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
const formats = { ...pairs, ...rated, ...steps };

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

export type Parsed<R = Row> = { row: R } | { rejection: Rejection };

function catchUnusable<T>(read: () => T): T | { rejection: Rejection } {
  try {
    return read();
  } catch (error) {
    if (error instanceof Unusable) return { rejection: error.rejection };
    throw error;
  }
}

function parseRecord(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new Unusable('invalidJson', null, error instanceof Error ? error.message.slice(0, 200) : 'not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Unusable('wrongType', null, 'a line must hold one JSON object');
  }
  return value as Record<string, unknown>;
}

/**
 * null stands for "none" in each. A group's column must be there all the same: a misspelt one would silently fall back
 * to the prompt and could put rows on the other side of the split.
 */
function readExtras(record: Record<string, unknown>, columns: ExtraColumns): Omit<Facts, 'prompt'> {
  const extras: Omit<Facts, 'prompt'> = {};
  for (const name of ['user', 'group', 'topic', 'answer'] as const) {
    const column = columns[name];
    if (column === undefined) continue;
    const value = record[column];
    if (value === null || (value === undefined && name === 'user')) continue;
    if (value === undefined) throw new Unusable('missingField', column, `${column} is missing`);
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw new Unusable('wrongType', column, `${column} must be text or a number`);
    }
    extras[name] = String(value);
  }
  const confidence = columns.confidence === undefined ? undefined : record[columns.confidence];
  if (confidence == null) return extras;
  if (typeof confidence !== 'number') {
    throw new Unusable('wrongType', columns.confidence ?? null, `${columns.confidence} must be a number`);
  }
  return { ...extras, confidence };
}

/** One line of a file (without its line end) as a row, or the reason why it is none. Never throws. */
export function parseLine<F extends FormatName>(format: F, line: string, columns: ExtraColumns = {}): Parsed<RowOf<F>> {
  return catchUnusable(() => {
    const record = parseRecord(line);
    const row: AnyRow = { ...formats[format].parse(record), ...readExtras(record, columns) };
    const { features: column } = columns;
    const features = column === undefined ? undefined : readFeatures(record[column], column, row);
    return { row: checkRow({ ...row, ...(features && { features }) }) as unknown as RowOf<F> };
  });
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
