/** One record for people: a line a field, under the path that `--set` takes. */
import { formatTime, plain } from './table.ts';

/** Longer lists are curves and members: how many there are says more than the first hundred. */
const LONGEST_LIST = 12;

function formatValue(path: string, value: unknown): string {
  if (value === null) return '-';
  if (typeof value === 'number' && /At$/.test(path)) return formatTime(value);
  // Nested values with something in them have been unfolded.
  if (typeof value === 'object' && !Array.isArray(value)) return 'none';
  if (!Array.isArray(value)) return plain(String(value));
  if (value.length === 0) return 'none';
  if (value.length > LONGEST_LIST) return `${value.length} values (--json shows them)`;
  return value.map((each) => plain(String(each))).join(', ');
}

const isNested = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  (Array.isArray(value)
    ? value.length > 0 && value.length <= LONGEST_LIST && value.some((each) => typeof each === 'object' && each)
    : Object.keys(value).length > 0);

function* flatten(value: object, path: string): Generator<[path: string, said: string]> {
  for (const [name, inner] of Object.entries(value)) {
    const at = path ? `${path}.${name}` : name;
    if (isNested(inner)) yield* flatten(inner, at);
    else if (inner !== undefined) yield [at, formatValue(at, inner)];
  }
}

/** What is unknown is "-", times are UTC, long lists are counted. */
export function formatFields(record: unknown): string {
  const rows = [...flatten(record as object, '')];
  const width = Math.max(...rows.map(([path]) => path.length));
  return rows.map(([path, said]) => `${path.padEnd(width)}  ${said}`).join('\n');
}
