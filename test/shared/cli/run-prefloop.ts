/** The command line as a person runs it, a process of its own; or in this one, for speed. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { run } from '../../../shared/cli/program.ts';

export type Ended = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };

const program = fileURLToPath(new URL('../../../shared/cli/index.ts', import.meta.url));

/** Starts it; `ended` resolves when it is over, `kill` ends it before, `written` is what it has said so far. */
export function startPrefloop(args: string[], environment: Record<string, string> = {}, input?: string) {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  child.stdin.on('error', () => undefined).end(input ?? '');
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { ended, kill: (signal: NodeJS.Signals) => child.kill(signal), written: () => ({ stdout, stderr }) };
}

export const runPrefloop = (args: string[], environment?: Record<string, string>, input?: string): Promise<Ended> =>
  startPrefloop(args, environment, input).ended;

/** In this process: the exit code and what was written. One at a time. */
export async function runHere(...argv: string[]) {
  const streams = [vi.spyOn(process.stdout, 'write'), vi.spyOn(process.stderr, 'write')].map((spy) => {
    const written: string[] = [];
    spy.mockImplementation((text) => written.push(String(text)) > 0);
    return { spy, written };
  });
  try {
    const code = await run(argv);
    const [stdout = '', stderr = ''] = streams.map(({ written }) => written.join(''));
    return { code, stdout, stderr };
  } finally {
    for (const { spy } of streams) spy.mockRestore();
  }
}

// biome-ignore lint/suspicious/noExplicitAny: what a test expects of a line is what it checks.
export function readLines(text: string): Record<string, any>[] {
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}
