/** Files of preferences, line by line: JSON Lines in, rows or reasons out, and back. Nothing here throws for bad data. */
import { checkRow } from './check-row.ts';
import { readFeatures } from './features.ts';
import { catchUnusable, type ExtraColumns, type FormatName, formats, type RowOf } from './print-line.ts';
import { type AnyRow, type Facts, type Rejection, type Row, Unusable } from './row.ts';

export {
  asChat,
  type ExtraColumns,
  type FormatName,
  formatNames,
  type PairFormatName,
  pairFormatNames,
  printLine,
  type RowOf,
} from './print-line.ts';

export type Parsed<R = Row> = { row: R } | { rejection: Rejection };

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
