/** The operator's command line: which words name which command. */
import { readFile } from 'node:fs/promises';
import { UsageError } from './arguments.ts';
import { exitCode, type Runnable } from './command.ts';
import { adapterCommands } from './commands/adapters.ts';
import { aliasCommands } from './commands/aliases.ts';
import { batchCommands, statsCommand } from './commands/batches.ts';
import { completionCommand } from './commands/completion.ts';
import { domainCommands } from './commands/domains.ts';
import { embeddingCommands } from './commands/embeddings.ts';
import { encoderCommands } from './commands/encoders.ts';
import { exportCommand } from './commands/export.ts';
import { healthCommand } from './commands/health.ts';
import { imageCommands } from './commands/images.ts';
import { importCommand } from './commands/import.ts';
import { inferenceCommands } from './commands/inference.ts';
import { keyCommands } from './commands/keys.ts';
import { preferenceCommands } from './commands/preferences.ts';
import { projectCommands } from './commands/projects.ts';
import { ratersCommand } from './commands/raters.ts';
import { routeCommand } from './commands/route.ts';
import { samplesCommand } from './commands/samples.ts';
import { signingKeyCommands } from './commands/signing-keys.ts';
import { userTokenCommands } from './commands/user-tokens.ts';
import { watchCommand } from './commands/watch.ts';
import { didYouMean } from './did-you-mean.ts';
import { printFailure } from './failure.ts';

/** In the order of --help and of docs/command-line.md. */
export const sections: { title: string; commands: Runnable[] }[] = [
  { title: 'Votes', commands: [importCommand, exportCommand, ...preferenceCommands, ratersCommand] },
  {
    title: 'Training and serving',
    commands: [...domainCommands, statsCommand, watchCommand, ...batchCommands, ...adapterCommands, ...aliasCommands],
  },
  { title: 'Answers and pictures', commands: [...inferenceCommands, samplesCommand, routeCommand, ...imageCommands] },
  { title: 'Taste', commands: [...encoderCommands, ...embeddingCommands] },
  {
    title: 'Access',
    commands: [...projectCommands, ...keyCommands, ...signingKeyCommands, ...userTokenCommands],
  },
  { title: 'The edge and this shell', commands: [healthCommand, completionCommand(() => commands)] },
];

export const commands: Runnable[] = sections.flatMap((section) => section.commands);

/** "prefloop adapters list" → ["adapters", "list"]. */
export const wordsOf = (name: string) => name.split(' ').slice(1);

function formatHelp(only: string | undefined): string {
  const isShown = ({ name }: Runnable) => only === undefined || wordsOf(name)[0] === only;
  const width = Math.max(...commands.filter(isShown).map(({ name }) => name.length));
  const lines = sections.flatMap(({ title, commands }) => {
    const shown = commands.filter(isShown).map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
    return shown.length > 0 ? [...(only === undefined ? [title] : []), ...shown, ''] : [];
  });
  const where = 'Each command has --help. PREFLOOP_EDGE and PREFLOOP_KEY say which edge, and with which key.';
  return ['prefloop COMMAND [options]', '', ...lines, where].join('\n');
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
  printFailure(new UsageError(describeProblem(group, argv)), 'prefloop', argv.includes('--json'));
  return exitCode.usage;
}

function describeProblem(group: string | undefined, [first = '', second = '']: string[]): string {
  const known = commands.map(({ name }) => wordsOf(name));
  if (group === undefined)
    return `no command "${first}"${didYouMean(first, [...new Set(known.map(([word = '']) => word))])}`;
  const offered = known.filter(([word]) => word === group).map(([, word = '']) => word);
  return `${group} takes one of ${offered.join(', ')}${second ? didYouMean(second, offered) : ''}`;
}
