/** Answers on standard output: words for people, with --json the contracts' own shapes for programs. */
import { formatFields } from './fields.ts';

/** Of every command that answers with one thing. */
export const jsonOption = { type: 'flag', help: 'The answer as JSON; a failure too, on standard error.' } as const;

/** Of every command that lists. */
export const jsonLinesOption = {
  type: 'flag',
  help: 'JSON Lines, one item a line; a failure as JSON on standard error.',
} as const;

/** How many items a list has at most. */
export const limitOption = <const Default extends number>(standard: Default, max: number) =>
  ({ type: 'integer', value: 'N', min: 1, max, default: standard, help: 'So many at most, the newest.' }) as const;

export function printText(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  printText(JSON.stringify(value, null, 2));
}

/** The same bytes as from the edge, or what `words` makes of them; without `words`, every field. */
export function printAnswer<T>(asJson: boolean, answer: T, words: (answer: T) => string = formatFields): undefined {
  if (asJson) printJson(answer);
  else printText(words(answer));
  return undefined;
}

export function printList<T>(asJson: boolean, items: readonly T[], words: (items: readonly T[]) => string): undefined {
  if (asJson) for (const item of items) printText(JSON.stringify(item));
  else printText(words(items));
  return undefined;
}
