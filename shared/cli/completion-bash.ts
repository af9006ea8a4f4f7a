/** A completion script for bash 4 and newer; 3.2 of macOS takes it too, without `compopt`. */
import { type CompletedCommand, groupWords, type Value } from './completion.ts';

/** Words here are letters, digits and hyphens, so single quotes suffice. */
const quote = (words: readonly string[]) => `'${words.join(' ')}'`;

/** "words:a b", "list:a b", "file", "folder", "any". */
const spell = (value: Value) => ('words' in value ? `${value.kind}:${value.words.join(' ')}` : value.kind);

function describeCommand({ words, options, places, more }: CompletedCommand): string {
  const flags = options.flatMap(({ flag, short }) => (short ? [flag, short] : [flag]));
  const values = options.flatMap(({ flag, short, value }) =>
    value ? [`      ${[flag, ...(short ? [short] : [])].join('|')}) value=${quote([spell(value)])} ;;`] : [],
  );
  const spelled = places.map(spell);
  const last = spelled.at(-1);
  return [
    `    ${quote(words)})`,
    `      flags=${quote(flags)}`,
    `      places=(${spelled.map((each) => `'${each}'`).join(' ')})`,
    `      more=${more && last ? `'${last}'` : "''"}`,
    ...(values.length > 0 ? ['      case $option in', ...values, '      esac'] : []),
    '      ;;',
  ].join('\n');
}

export function bashScript(commands: readonly CompletedCommand[]): string {
  const groups = groupWords(commands);
  const follow = [...groups].flatMap(([first, followers]) =>
    followers.length > 0 ? [`    ${first}) next=${quote(followers.map(({ words }) => words[1] ?? ''))} ;;`] : [],
  );
  return `# Completion of prefloop for bash: source <(npx prefloop completion bash)

# What the command in $1 takes: flags, places, more, and the value of the option in $2.
_prefloop_declared() {
  local option=$2
  flags='' places=() more='' value=''
  case $1 in
${commands.map(describeCommand).join('\n')}
  esac
}

_prefloop_offer() {
  local kind=\${1%%:*} words=\${1#*:} head=''
  case $kind in
    words) COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;
    list)
      [[ $cur == *,* ]] && head=\${cur%,*},
      COMPREPLY=($(compgen -P "$head" -W "$words" -- "\${cur##*,}"))
      ;;
    file | folder)
      compopt -o filenames 2>/dev/null
      local flag=-f line
      [[ $kind == folder ]] && flag=-d
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen $flag -- "$cur")
      ;;
  esac
}

_prefloop() {
  local cur=\${COMP_WORDS[COMP_CWORD]} first=\${COMP_WORDS[1]} next='' at=2 command
  local flags more value places i option='' place=0
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ${quote([...groups.keys(), '--help', '--version'])} -- "$cur"))
    return
  fi
  case $first in
${follow.join('\n')}
  esac
  command=$first
  if [[ $next ]]; then
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W "$next --help" -- "$cur"))
      return
    fi
    command="$first \${COMP_WORDS[2]}"
    at=3
  fi
  # Which option waits for its value, and how many places are filled. An equals sign is a word of its own.
  for ((i = at; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      =) ;;
      -*)
        _prefloop_declared "$command" "\${COMP_WORDS[i]}"
        option=\${value:+\${COMP_WORDS[i]}}
        ;;
      *)
        if [[ $option ]]; then option=''; else ((place++)); fi
        ;;
    esac
  done
  [[ $cur == '=' ]] && cur=''
  _prefloop_declared "$command" "$option"
  if [[ $option ]]; then
    _prefloop_offer "$value"
  elif [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [[ \${places[place]:-$more} && \${places[place]:-$more} != any ]]; then
    _prefloop_offer "\${places[place]:-$more}"
  elif [[ ! \${places[place]:-$more} ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  fi
}

complete -F _prefloop prefloop`;
}
