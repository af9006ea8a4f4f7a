/** The edge on Deno, as a child of this process: it ends when this one does, however this one ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readyLine } from './ready.ts';
import type { Settings, Started } from './workers.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export async function startDeno(options: {
  hostname: string;
  port: number;
  persist: string;
  settings: Settings;
}): Promise<Started> {
  const flags = [
    '--no-check',
    '--no-lock',
    '--no-prompt',
    '--node-modules-dir=manual',
    '--cached-only',
    '--unstable-no-legacy-abort',
  ];
  const rights = ['--allow-net', '--allow-read', '--allow-env', '--allow-sys', `--allow-write=${options.persist}`];
  const args = [
    '--hostname',
    options.hostname,
    '--port',
    String(options.port),
    '--persist',
    options.persist,
    '--attached',
  ];
  const child = spawn(denoProgram(), ['run', ...flags, ...rights, join(root, 'worker/hosts/deno.ts'), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...options.settings, DENO_NO_UPDATE_CHECK: '1' },
  });
  const url = await readyLine(child);
  return {
    url,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}

/** The binary that the npm package brings for this platform. */
export function denoProgram(): string {
  const require = createRequire(import.meta.url);
  const { runInstall } = require('deno/install_api.cjs') as { runInstall(): string };
  return runInstall();
}
