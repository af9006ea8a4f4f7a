/** The operator's command line: which words name which command. */
import { readFile } from 'node:fs/promises';
import { exitCode } from './command.ts';
import { adapterCommands } from './commands/adapters.ts';
import { aliasCommands } from './commands/aliases.ts';
import { batchCommands } from './commands/batches.ts';
import { domainCommands } from './commands/domains.ts';
import { encoderCommands } from './commands/encoders.ts';
import { exportCommand } from './commands/export.ts';
import { importCommand } from './commands/import.ts';
import { keyCommands } from './commands/keys.ts';
import { projectCommands } from './commands/projects.ts';
import { ratersCommand } from './commands/raters.ts';

export const commands = [
  importCommand,
  exportCommand,
  ...projectCommands,
  ...keyCommands,
  ...domainCommands,
  ...adapterCommands,
  ...aliasCommands,
  ...encoderCommands,
  ...batchCommands,
  ratersCommand,
];
const wordsOf = (name: string) => name.split(' ').slice(1);

function formatHelp(only: string | undefined): string {
  const shown = commands.filter(({ name }) => only === undefined || wordsOf(name)[0] === only);
  const width = Math.max(...shown.map(({ name }) => name.length));
  const lines = shown.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  const where = 'Each command has --help. PREFLOOP_EDGE and PREFLOOP_KEY say which edge, and with which key.';
  return ['prefloop COMMAND [options]', '', ...lines, '', where].join('\n');
}

/** Runs the command that `argv` names; returns the exit code. */
export async function run(argv: string[]): Promise<number> {
  const command = commands
    .filter(({ name }) => wordsOf(name).every((word, index) => argv[index] === word))
    .sort((a, b) => b.name.length - a.name.length)[0];
  if (command) return command.run(argv.slice(wordsOf(command.name).length));

  const [first, second] = argv;
  if (first === '--version') {
    const description = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
    process.stdout.write(`${(JSON.parse(description) as { version: string }).version}\n`);
    return exitCode.ok;
  }
  const group = commands.some(({ name }) => wordsOf(name)[0] === first) ? first : undefined;
  const asked = first === undefined || [first, second].some((word) => word === '--help' || word === '-h');
  if (asked) {
    process.stdout.write(`${formatHelp(group)}\n`);
    return exitCode.ok;
  }
  const offered = group
    ? commands.filter(({ name }) => wordsOf(name)[0] === group).map(({ name }) => wordsOf(name)[1])
    : [];
  const problem = group ? `${group} takes one of ${offered.join(', ')}` : `no command "${first}"`;
  process.stderr.write(`prefloop: ${problem}; see prefloop --help\n`);
  return exitCode.usage;
}
