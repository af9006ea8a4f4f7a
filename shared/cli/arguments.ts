/** Command-line arguments, declared once: the declaration parses, checks and explains them. */
import { parseArgs } from 'node:util';
import { didYouMean } from './did-you-mean.ts';

/** One option. `value` is the placeholder that --help shows; an option without a default may be absent. */
export type Option = { help: string; short?: string } & (
  | { type: 'flag' }
  | { type: 'text'; value: string; default?: string; choices?: readonly string[] }
  /** One value with commas. */
  | { type: 'list'; value: string; choices?: readonly string[] }
  /** May stand several times. */
  | { type: 'repeated'; value: string }
  | { type: 'number' | 'integer'; value: string; default?: number; min?: number; max?: number }
);

export interface Command<Options extends Record<string, Option>> {
  /** As typed: "prefloop import". */
  name: string;
  summary: string;
  /** In order; the last may end in "…" (one or more) and each may stand in brackets (optional). */
  positionals?: readonly string[];
  /** Words that a positional takes, by its name. */
  choices?: Readonly<Record<string, readonly string[]>>;
  /** Keys in camelCase: `holdOut` is typed as --hold-out. */
  options: Options;
  /** A line that works as it stands, shown in --help: "prefloop stats support-tone". */
  example?: string;
  /** Lines after the options in --help: exit codes, what else there is to know. */
  notes?: string;
}

type Parsed<O extends Option> = O extends { type: 'flag' }
  ? boolean
  : O extends { type: 'list' | 'repeated' }
    ? (O extends { choices: readonly (infer C)[] } ? C : string)[]
    : O extends { type: 'text' }
      ? (O extends { choices: readonly (infer C)[] } ? C : string) | (O extends { default: string } ? never : undefined)
      : number | (O extends { default: number } ? never : undefined);

export type Values<Options extends Record<string, Option>> = { [K in keyof Options]: Parsed<Options[K]> };

/** A mistake on the command line: exit code 2 and one sentence. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** holdOut → hold-out. */
export const flagName = (key: string) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function readNumber(flag: string, option: Extract<Option, { type: 'number' | 'integer' }>, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const { min = -Infinity, max = Infinity } = option;
  const fits = option.type === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (fits && value >= min && value <= max) return value;
  const range = [min > -Infinity && `from ${min}`, max < Infinity && `up to ${max}`].filter(Boolean).join(' ');
  const noun = option.type === 'integer' ? 'a whole number' : 'a number';
  throw new UsageError(`--${flag} must be ${noun}${range && ` ${range}`}, not "${text}"`);
}

function readChoice(flag: string, choices: readonly string[] | undefined, text: string): string {
  if (choices && !choices.includes(text)) {
    throw new UsageError(`--${flag} must be one of ${choices.join(', ')}, not "${text}"`);
  }
  return text;
}

function readOption(flag: string, option: Option, given: string | boolean | string[] | undefined) {
  if (option.type === 'flag') return given === true;
  if (option.type === 'repeated') return (given as string[] | undefined) ?? [];
  if (given === undefined) return option.type === 'list' ? [] : option.default;
  const text = String(given);
  if (option.type === 'list')
    return text
      .split(',')
      .filter(Boolean)
      .map((part) => readChoice(flag, option.choices, part.trim()));
  return option.type === 'text' ? readChoice(flag, option.choices, text) : readNumber(flag, option, text);
}

/** Node's own words for a wrong option, with what was meant. */
function describeProblem(error: unknown, flags: string[]): string {
  const message = error instanceof Error ? error.message : String(error);
  const first = message.split(/\.\s|\n/)[0] ?? message;
  const unknown = /^Unknown option '([^']*)'/.exec(first)?.[1];
  return unknown === undefined ? first : `unknown option '${unknown}'${didYouMean(unknown, flags)}`;
}

function checkPositionals(names: readonly string[], given: string[]): void {
  const required = names.filter((name) => !name.startsWith('['));
  const missing = required[given.length];
  if (missing) throw new UsageError(`${missing.replace('…', '')} is missing`);
  const surplus = given[names.length];
  if (surplus !== undefined && !names.at(-1)?.includes('…')) throw new UsageError(`unexpected argument "${surplus}"`);
}

/**
 * Reads `argv` (without the program's own words) by the command's declaration. Returns null when --help is asked for.
 * Throws UsageError with one sentence for everything that is wrong.
 */
export function parseArguments<const Options extends Record<string, Option>>(
  command: Command<Options>,
  argv: string[],
): { values: Values<Options>; positionals: string[] } | null {
  const options: NonNullable<Parameters<typeof parseArgs>[0]>['options'] = { help: { type: 'boolean', short: 'h' } };
  for (const [key, option] of Object.entries(command.options)) {
    const type = option.type === 'flag' ? 'boolean' : 'string';
    const multiple = option.type === 'repeated';
    options[flagName(key)] = { type, multiple, ...(option.short && { short: option.short }) };
  }
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({ args: argv, options, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError(
      describeProblem(
        error,
        Object.keys(options).map((flag) => `--${flag}`),
      ),
    );
  }
  if (parsed.values.help) return null;
  const values: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(command.options)) {
    const flag = flagName(key);
    values[key] = readOption(flag, option, parsed.values[flag] as string | boolean | string[] | undefined);
  }
  checkPositionals(command.positionals ?? [], parsed.positionals);
  return { values: values as Values<Options>, positionals: parsed.positionals };
}

/** For options that have no default and cannot be left out. */
export function requireOption<T>(value: T | undefined, flag: string): T {
  if (value === undefined) throw new UsageError(`${flag} is missing`);
  return value;
}
