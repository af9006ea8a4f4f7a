/** A completion script for fish. */
import { type CompletedCommand, type CompletedOption, describeFirst, groupWords, type Value } from './completion.ts';

const quote = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;

/** -x: nothing but these; -r: a value, and files are among what it may be. */
function spellValue(value: Value | null): string {
  if (value === null) return '';
  if (value.kind === 'file') return ' -rF';
  if (value.kind === 'folder') return ` -xa '(__fish_complete_directories)'`;
  if (!('words' in value)) return ' -x';
  const offered = value.kind === 'list' ? `(__fish_append , ${value.words.join(' ')})` : value.words.join(' ');
  return ` -xa ${quote(offered)}`;
}

const spellOption = ({ flag, short, help, value }: CompletedOption) =>
  `-l ${flag.slice(2)}${short ? ` -s ${short.slice(1)}` : ''}${spellValue(value)} -d ${quote(help)}`;

function describeCommand({ words, options, places }: CompletedCommand): string[] {
  const here = `complete -c prefloop -n ${quote(`__prefloop_in ${words.join(' ')}`)}`;
  const offered = places.flatMap((place) => {
    if ('words' in place) return [`${here} -a ${quote(place.words.join(' '))}`];
    return place.kind === 'file' || place.kind === 'folder' ? [`${here} -F`] : [];
  });
  return [...options.map((option) => `${here} ${spellOption(option)}`), ...offered];
}

export function fishScript(commands: readonly CompletedCommand[]): string {
  const groups = groupWords(commands);
  const words = [...groups].flatMap(([first, followers]) => [
    `complete -c prefloop -n __prefloop_at -a ${first} -d ${quote(describeFirst(first, commands))}`,
    ...followers.map(
      ({ words, summary }) =>
        `complete -c prefloop -n ${quote(`__prefloop_at ${first}`)} -a ${words[1]} -d ${quote(summary)}`,
    ),
  ]);
  return `# Completion of prefloop for fish: npx prefloop completion fish > ~/.config/fish/completions/prefloop.fish

# Whether these are all the words so far.
function __prefloop_at
    set -l typed (commandline -opc)
    test "$typed[2..]" = "$argv"
end

# Whether the command line begins with these words.
function __prefloop_in
    set -l typed (commandline -opc)
    set -l last (math 1 + (count $argv))
    test (count $typed) -ge $last; and test "$typed[2..$last]" = "$argv"
end

complete -c prefloop -f
${[...words, ...commands.flatMap(describeCommand)].join('\n')}`;
}
