/** The text of --help, from a command's declaration. */
import { type Command, flagName, type Option } from './arguments.ts';

function explain(option: Option): string {
  const facts = [option.help];
  if ('choices' in option && option.choices) facts.push(`One of: ${option.choices.join(', ')}.`);
  if ('default' in option && option.default !== undefined) facts.push(`Default: ${option.default}.`);
  return facts.join(' ');
}

export function formatHelp(command: Command<Record<string, Option>>): string {
  const rows = Object.entries(command.options).map(([key, option]) => {
    const short = option.short ? `-${option.short}, ` : '';
    const value = option.type === 'flag' ? '' : ` ${option.value}`;
    return [`${short}--${flagName(key)}${value}`, explain(option)] as const;
  });
  rows.push(['-h, --help', 'This text.']);
  const width = Math.max(...rows.map(([left]) => left.length));
  const usage = [command.name, ...(command.positionals ?? []), '[options]'].join(' ');
  const lines = rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
  const after = [command.notes, command.example && `Example:\n  npx ${command.example}`];
  return [usage, '', command.summary, '', ...lines, ...after.flatMap((text) => (text ? ['', text] : []))].join('\n');
}
