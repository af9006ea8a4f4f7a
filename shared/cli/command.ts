/** Runs one declared command to an exit code; every failure becomes one sentence on stderr. */
import { EdgeError } from '../client/edge-error.ts';
import { type Command, formatHelp, type Option, parseArguments, UsageError, type Values } from './arguments.ts';

/** 3 = the command ran to its end, but some of its input could not be used; 130 = stopped by Ctrl-C. */
export const exitCode = { ok: 0, failed: 1, usage: 2, partial: 3, interrupted: 130 } as const;

/** What is wrong, in one sentence, with the cause that a person can act on. */
export function describeError(error: unknown): string {
  if (error instanceof EdgeError) {
    const issues = error.issues?.map((issue) => `${issue.path}: ${issue.message}`).join('; ');
    const request = error.requestId ? ` (request ${error.requestId})` : '';
    return `${error.message}${issues ? `: ${issues}` : ''} [${error.code}]${request}`;
  }
  return error instanceof Error ? error.message : String(error);
}

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
    const usage = error instanceof UsageError;
    process.stderr.write(`${command.name}: ${describeError(error)}${usage ? `; see ${command.name} --help` : ''}\n`);
    if (process.env.PREFLOOP_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return usage ? exitCode.usage : exitCode.failed;
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
