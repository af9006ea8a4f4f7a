/** The edge as a process: what is left of it when it ends, or when whoever started it ends. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readyLine } from '../../../scripts/edge/ready.ts';

const script = fileURLToPath(new URL('../../../scripts/edge.ts', import.meta.url));

/** A start takes a second; on a machine that is busy with other tests, many. */
const STARTS = 300_000;

describe.each(['workers', 'deno'])('the edge on %s', { timeout: STARTS }, (host) => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'prefloop-process-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function start(...more: string[]) {
    const args = [script, '--host', host, '--port', '0', '--persist', folder, ...more];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const url = new URL(await readyLine(child));
    return { child, url, ended: once(child, 'exit') };
  }

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('ends at %s, and nothing of it stays', async (signal, conventional) => {
    const { child, url, ended } = await start();
    const family = descendants(child.pid ?? 0);
    expect(family.length).toBeGreaterThan(0);
    child.kill(signal);
    // Wrangler ends the process itself, with the shell's code for a signal.
    expect([0, conventional]).toContain((await ended)[0]);
    await expect.poll(() => family.filter(isAlive), { timeout: 30_000 }).toEqual([]);
    expect(await answers(url)).toBe(false);
  });

  it('ends when its standard input ends, if it was told to', async () => {
    const { child, url, ended } = await start('--attached');
    const family = descendants(child.pid ?? 0);
    child.stdin?.end();
    expect(await ended).toEqual([0, null]);
    await expect.poll(() => family.filter(isAlive), { timeout: 30_000 }).toEqual([]);
    expect(await answers(url)).toBe(false);
  });
});

function descendants(pid: number): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=']).toString().trim().split('\n');
  const rows = table.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  const below = (of: number): number[] =>
    rows.filter(([, parent]) => parent === of).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function answers({ hostname, port }: URL): Promise<boolean> {
  const socket = connect(Number(port), hostname);
  return new Promise((resolve) => {
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}
