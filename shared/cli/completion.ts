/** What a shell can complete, read from the commands' own declarations. */
import { flagName, type Option } from './arguments.ts';
import type { Runnable } from './command.ts';

/** A value on the command line: one of these words, several of them with commas, a file, a folder, or anybody's guess. */
export type Value =
  | { kind: 'words' | 'list'; words: readonly string[] }
  | { kind: 'file' | 'folder' | 'any'; name: string };

export interface CompletedOption {
  flag: string;
  short: string | undefined;
  help: string;
  /** null of a flag, which takes none. */
  value: Value | null;
}

export interface CompletedCommand {
  /** ["adapters", "list"]. */
  words: string[];
  summary: string;
  options: CompletedOption[];
  /** In order; `more`: the last may stand again. */
  places: Value[];
  more: boolean;
}

const named = (name: string): Value => {
  const kind = /^FILE/.test(name) ? 'file' : name === 'FOLDER' ? 'folder' : 'any';
  return { kind, name };
};

function readValue(option: Option): Value | null {
  if (option.type === 'flag') return null;
  if ('choices' in option && option.choices)
    return { kind: option.type === 'list' ? 'list' : 'words', words: option.choices };
  return named(option.value);
}

function completeOption([key, option]: [string, Option]): CompletedOption {
  return {
    flag: `--${flagName(key)}`,
    short: option.short && `-${option.short}`,
    help: option.help,
    value: readValue(option),
  };
}

export function readCompletions(commands: readonly Runnable[]): CompletedCommand[] {
  return commands.map(({ name, summary, declared }) => {
    const { options, positionals = [], choices = {} } = declared;
    const help = { flag: '--help', short: '-h', help: 'This text.', value: null };
    return {
      words: name.split(' ').slice(1),
      summary,
      options: [...Object.entries(options).map(completeOption), help],
      places: positionals.map((each) => {
        const place = each.replace(/[[\]…]/g, '');
        const words = choices[place];
        return words ? { kind: 'words', words } : named(place);
      }),
      more: positionals.at(-1)?.includes('…') ?? false,
    };
  });
}

/** The first words, each with the words that may follow it; none follow a command of one word. */
export function groupWords(commands: readonly CompletedCommand[]): Map<string, CompletedCommand[]> {
  const groups = new Map<string, CompletedCommand[]>();
  for (const command of commands) {
    const [first = ''] = command.words;
    groups.set(first, [...(groups.get(first) ?? []), ...(command.words.length > 1 ? [command] : [])]);
  }
  return groups;
}

/** What a first word is about: a command's own summary, or the words that may follow it. */
export function describeFirst(first: string, commands: readonly CompletedCommand[]): string {
  const own = commands.find(({ words }) => words.length === 1 && words[0] === first);
  if (own) return own.summary;
  return (groupWords(commands).get(first) ?? []).map(({ words }) => words[1]).join(', ');
}
