/** A completion script for zsh: a function of its own in fpath, or sourced after compinit. */
import { type CompletedCommand, type CompletedOption, describeFirst, groupWords, type Value } from './completion.ts';

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** In descriptions of _arguments and _describe a colon ends a part and brackets end a text. */
const escaped = (text: string) => text.replace(/[\\:[\]]/g, '\\$&');

function action(value: Value): string {
  if ('words' in value)
    return value.kind === 'list'
      ? `value:_values -s , value ${value.words.join(' ')}`
      : `value:(${value.words.join(' ')})`;
  const does = { file: '_files', folder: '_files -/', any: ' ' }[value.kind];
  return `${escaped(value.name)}:${does}`;
}

function spellOption({ flag, short, help, value }: CompletedOption): string[] {
  const rest = `[${escaped(help)}]${value ? `:${action(value)}` : ''}`;
  return [flag, ...(short ? [short] : [])].map((name) => quote(`${name}${rest}`));
}

function describeCommand({ words, options, places, more }: CompletedCommand): string {
  const specs = [
    ...options.flatMap(spellOption),
    ...places.map((place, index) => quote(`${more && index === places.length - 1 ? '*' : index + 1}:${action(place)}`)),
  ];
  return `    ${quote(words.join(' '))})\n      _arguments -s ${specs.join(' \\\n        ')}\n      ;;`;
}

export function zshScript(commands: readonly CompletedCommand[]): string {
  const groups = groupWords(commands);
  const firsts = [...groups.keys()].map((first) => quote(`${first}:${escaped(describeFirst(first, commands))}`));
  const follow = [...groups].flatMap(([first, followers]) => {
    if (followers.length === 0) return [];
    const next = followers.map(({ words, summary }) => quote(`${words[1]}:${escaped(summary)}`));
    return [`    ${first})\n      next=(${next.join(' \\\n        ')})\n      ;;`];
  });
  return `#compdef prefloop
# Completion of prefloop for zsh.

_prefloop() {
  local -a firsts next
  local command=$words[2] used=1
  if (( CURRENT == 2 )); then
    firsts=(${firsts.join(' \\\n      ')})
    _describe command firsts
    return
  fi
  case $command in
${follow.join('\n')}
  esac
  if (( $#next )); then
    if (( CURRENT == 3 )); then
      _describe command next
      return
    fi
    command="$words[2] $words[3]"
    used=2
  fi
  # _arguments takes the first word for the command: the words before it are put away.
  shift $used words
  (( CURRENT -= used ))
  case $command in
${commands.map(describeCommand).join('\n')}
  esac
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _prefloop "$@"
else
  compdef _prefloop prefloop
fi`;
}
