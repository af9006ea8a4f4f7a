/** Runs one declared command to an exit code; every failure becomes one line on standard error. */
import { type Command, type Option, parseArguments, UsageError, type Values } from './arguments.ts';
import { printFailure } from './failure.ts';
import { formatHelp } from './help.ts';

/** What each of them means stands in docs/command-line.md. */
export const exitCode = { ok: 0, failed: 1, usage: 2, partial: 3, interrupted: 130 } as const;

/** `main` returns an exit code, or nothing for success. The environment variable PREFLOOP_DEBUG shows the stack. */
export async function runCommand<const Options extends Record<string, Option>>(
  command: Command<Options>,
  argv: string[],
  main: (values: Values<Options>, positionals: string[]) => Promise<number | undefined>,
): Promise<number> {
  try {
    const parsed = parseArguments(command, argv);
    if (parsed) return (await main(parsed.values, parsed.positionals)) ?? exitCode.ok;
    process.stdout.write(`${formatHelp(command)}\n`);
    return exitCode.ok;
  } catch (error) {
    // Long commands write a summary to --json FILE: their failures are said in words.
    const asJson = command.options.json?.type === 'flag' && argv.includes('--json');
    printFailure(error, command.name, asJson);
    if (process.env.PREFLOOP_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return error instanceof UsageError ? exitCode.usage : exitCode.failed;
  }
}

/** A command that can be listed and run. */
export interface Runnable {
  name: string;
  summary: string;
  /** What it takes. */
  declared: Command<Record<string, Option>>;
  run(argv: string[]): Promise<number>;
}

export function defineCommand<const Options extends Record<string, Option>>(
  command: Command<Options>,
  main: (values: Values<Options>, positionals: string[]) => Promise<number | undefined>,
): Runnable {
  const { name, summary } = command;
  return { name, summary, declared: command, run: (argv) => runCommand(command, argv, main) };
}
