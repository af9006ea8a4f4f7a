/**
 * The processes of a demo: edge, inference server, runner, judge. Each is ready when it says so; all of them end with
 * this one, whatever ends it: they are asked, given a moment, then killed, and the edge also ends with its stdin.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const venv = join(root, 'gpu-runner/.venv', process.platform === 'win32' ? 'Scripts' : 'bin');
export const python = join(venv, 'python');

/** PyTorch on a CPU is about twice as fast when glibc does not hand every large block back to the kernel. */
export const allocator = {
  MALLOC_MMAP_MAX_: '0',
  MALLOC_TRIM_THRESHOLD_: '-1',
  MALLOC_TOP_PAD_: '268435456',
};

export type Processes = {
  /** Starts a program; its output goes to `NAME.log` in the log folder. One that `talks` is read by the caller. */
  start(
    name: string,
    command: string,
    args: string[],
    env?: Record<string, string>,
    options?: { talks?: boolean },
  ): ChildProcess;
  stopAll(): Promise<void>;
  /** Rejects when any process ends that was not asked to. */
  failure: Promise<never>;
};

export function startProcesses(logs: string): Processes {
  const running = new Map<string, ChildProcess>();
  let stopping = false;
  let fail: (error: Error) => void;
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failure.catch(() => {});

  function start(
    name: string,
    command: string,
    args: string[],
    env: Record<string, string> = {},
    options: { talks?: boolean } = {},
  ): ChildProcess {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...allocator, PYTHONUNBUFFERED: '1', ...env },
    });
    const log = createWriteStream(join(logs, `${name}.log`));
    child.stderr?.pipe(log, { end: false });
    if (!options.talks) child.stdout?.pipe(log, { end: false });
    running.set(name, child);
    child.on('error', (error) => fail(new Error(`${name} could not be started: ${error.message}`)));
    child.on('exit', (code, signal) => {
      running.delete(name);
      if (!stopping && code !== 0)
        fail(new Error(`${name} ended (${signal ?? code}); see ${join(logs, `${name}.log`)}`));
    });
    return child;
  }

  async function stopAll(): Promise<void> {
    stopping = true;
    const ends = [...running.values()].map(
      (child) => new Promise<void>((done) => (child.exitCode === null ? child.on('exit', () => done()) : done())),
    );
    for (const child of running.values()) {
      child.stdin?.end();
      child.kill('SIGTERM');
    }
    const patience = setTimeout(() => {
      for (const child of running.values()) child.kill('SIGKILL');
    }, 5000);
    await Promise.all(ends);
    clearTimeout(patience);
  }

  process.on('exit', () => {
    for (const child of running.values()) child.kill('SIGKILL');
  });
  return { start, stopAll, failure };
}

/** A port nobody listens on now; `wanted` itself when it is free. */
export async function freePort(wanted = 0): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

/** Waits until `url` answers 2xx, or the process behind it has failed. */
export async function untilReady(url: string, failure: Promise<never>, seconds = 120): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const answer = fetch(url, { signal: AbortSignal.timeout(2000) }).then(
      (response) => response.ok,
      () => false,
    );
    if (await Promise.race([answer, failure])) return;
    await new Promise((wake) => setTimeout(wake, 100));
  }
  throw new Error(`${url} did not answer within ${seconds} s`);
}

/** Opens the page in the person's browser where there is one; the address is printed in any case. */
export function openBrowser(url: string): void {
  const opener = { darwin: 'open', win32: 'explorer', linux: 'xdg-open' }[process.platform as string];
  const paths = (process.env.PATH ?? '').split(':');
  if (!opener || (process.platform === 'linux' && !paths.some((path) => existsSync(join(path, opener))))) return;
  spawn(opener, [url], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}
