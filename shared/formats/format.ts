/** Files of preferences, line by line: JSON Lines in, rows or reasons out, and back. Nothing here throws for bad data. */
import { hh } from './hh.ts';
import { openai } from './openai.ts';
import { checkRow, type Rejection, type Row, Unusable } from './row.ts';
import { trl } from './trl.ts';

interface Format {
  parse(record: Record<string, unknown>): Row;
  print(row: Row): Record<string, unknown>;
}

export const formatNames = ['trl', 'openai', 'hh'] as const;
export type FormatName = (typeof formatNames)[number];

const formats: Record<FormatName, Format> = { trl, openai, hh };

/** Columns beside the format's own: which one holds what. */
export interface ExtraColumns {
  user?: string | undefined;
  group?: string | undefined;
  confidence?: string | undefined;
}

export type Parsed = { row: Row } | { rejection: Rejection };

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
function readExtras(
  record: Record<string, unknown>,
  columns: ExtraColumns,
): Pick<Row, 'user' | 'group' | 'confidence'> {
  const extras: Pick<Row, 'user' | 'group' | 'confidence'> = {};
  for (const name of ['user', 'group'] as const) {
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
export function parseLine(format: FormatName, line: string, columns: ExtraColumns = {}): Parsed {
  return catchUnusable(() => {
    const record = parseRecord(line);
    return { row: checkRow({ ...formats[format].parse(record), ...readExtras(record, columns) }) };
  });
}

/** A row as one line (without a line end), or the reason why the format cannot hold it. */
export function printLine(
  format: FormatName,
  row: Row,
  columns: ExtraColumns = {},
): { line: string } | { rejection: Rejection } {
  return catchUnusable(() => {
    const record = formats[format].print(row);
    for (const name of ['user', 'group', 'confidence'] as const) {
      const column = columns[name];
      if (column !== undefined) record[column] = row[name] ?? null;
    }
    return { line: JSON.stringify(record) };
  });
}

/** The row with a plain prompt as the one message of a user; other rows as they are. */
export function asChat(row: Row): Row {
  if (!('text' in row.prompt)) return row;
  return { ...row, prompt: { messages: [{ role: 'user', content: row.prompt.text }] } };
}
