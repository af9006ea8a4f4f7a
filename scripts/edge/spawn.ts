/** Starts the edge as a process of its own, for tests, the demo and the benches. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { readyLine } from './ready.ts';
import type { Settings } from './workers.ts';

export type HostName = 'workers' | 'deno';

export type Edge = {
  url: string;
  host: HostName;
  pid: number;
  /** Ends it in order and waits; safe to call twice. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash would: for tests of what survives one. */
  kill(): Promise<void>;
};

/**
 * `persist` is the folder of its database and files. The edge ends when this process ends, even by SIGKILL: it watches
 * its standard input, of which this process holds the other end.
 */
export async function spawnEdge(options: {
  host: HostName;
  persist: string;
  port?: number;
  settings?: Settings;
  /** Past the proxy that wrangler puts before workerd. */
  direct?: boolean;
}): Promise<Edge> {
  const script = fileURLToPath(new URL('../edge.ts', import.meta.url));
  const args = [
    '--host',
    options.host,
    '--port',
    String(options.port ?? 0),
    '--persist',
    options.persist,
    '--attached',
    ...(options.direct ? ['--direct'] : []),
  ];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...options.settings },
    // A group of its own, so that kill() takes workerd with it.
    detached: true,
  });
  const ended = once(child, 'exit');
  const url = await readyLine(child);
  const end = async (how: () => void): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) how();
    await ended;
  };
  return {
    url,
    host: options.host,
    pid: child.pid ?? 0,
    stop: () => end(() => child.stdin.end()),
    kill: () => end(() => process.kill(-(child.pid ?? 0), 'SIGKILL')),
  };
}
