/** Runs one measured program at a time, in an environment that nothing of the caller's leaks into. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, rename } from 'node:fs/promises';

/** What glibc must be told to keep its memory; the runner starts itself with the same. */
export const ALLOCATOR = {
  MALLOC_MMAP_MAX_: '0',
  MALLOC_TRIM_THRESHOLD_: '-1',
  MALLOC_TOP_PAD_: '268435456',
};

/** What would make a run "as it comes" anything else. */
const LEAKS =
  /^(OMP|KMP|MKL|GOMP|MALLOC|TORCH|HF|TRL|TRANSFORMERS|ACCELERATE|PYTHON)_|^(LD_PRELOAD|PYTHONPATH|VIRTUAL_ENV)$/;

let running: ChildProcess | undefined;
process.on('exit', () => running?.kill('SIGKILL'));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

/** Resolves with what it printed. Throws with its last words when it fails or takes longer than `minutes`. */
export async function runProgram(
  program: string,
  args: string[],
  options: { env?: Record<string, string>; minutes?: number } = {},
): Promise<string> {
  const kept = Object.entries(process.env).filter(([name]) => !LEAKS.test(name));
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...Object.fromEntries(kept), ...options.env },
  });
  running = child;
  const timeout = setTimeout(() => child.kill('SIGKILL'), (options.minutes ?? 60) * 60_000);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] = (output[name] + text).slice(-20_000);
    });
  }
  const how = await new Promise<number | string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal ?? code ?? 1));
  }).finally(() => {
    clearTimeout(timeout);
    running = undefined;
  });
  if (how === 0) return output.stdout;
  const words = output.stderr.trim().split('\n').slice(-15).join('\n');
  throw new Error(`${program} ${args.join(' ')} ended with ${how}:\n${words}`);
}

/** Runs a program that writes `file`, which then holds a whole result or does not exist. */
export async function runInto<T>(
  file: string,
  program: string,
  args: string[],
  env: Record<string, string>,
  minutes: number,
): Promise<T> {
  await runProgram(program, [...args, '--out', `${file}.draft`], { env, minutes });
  await rename(`${file}.draft`, file);
  return JSON.parse(await readFile(file, 'utf8')) as T;
}
