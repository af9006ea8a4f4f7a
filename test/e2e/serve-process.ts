/** The runner's own server, and its other commands, as processes of their own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { venvProgram } from '../../scripts/setup/paths.mjs';

const cwd = fileURLToPath(new URL('../../gpu-runner', import.meta.url));
const quiet = { OMP_NUM_THREADS: '1', HF_HUB_OFFLINE: '1' };

/** For a server that the edge is to know before it is started itself. */
export async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  listener.close();
  return port;
}

/** Listens when the promise resolves. */
export async function serve(model: string, edge: string, key: string, port: number): Promise<ChildProcess> {
  const options = ['-m', 'prefloop.serve', '--model', model, '--threads', '1', '--edge', edge, '--port', String(port)];
  const env = { ...process.env, ...quiet, PREFLOOP_KEY: key };
  const server = spawn(venvProgram('python'), options, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
  await once(server.stdout as NodeJS.ReadableStream, 'data');
  return server;
}

/** A command of `prefloop-runner` that ends by itself. Throws with what it said when it fails. */
export async function runCommand(...args: string[]): Promise<string> {
  const env = { ...process.env, ...quiet };
  return (await promisify(execFile)(venvProgram('python'), ['-m', 'prefloop.cli', ...args], { cwd, env })).stdout;
}
