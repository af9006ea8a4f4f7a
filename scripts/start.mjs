// node scripts/start.mjs SCRIPT ARGS…: the set-up where it is needed, then SCRIPT with the pinned Node.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findNode } from './setup/paths.mjs';
import { setUpOrExit } from './setup.mjs';

/** Runs `script` to its end with the pinned Node and ends as it ended; a signal to this process reaches it. */
export async function start(script, args, options) {
  await setUpOrExit(options);
  const child = spawn(findNode(), [script, ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // A terminal's Ctrl-C reaches the child by itself; this process only outlives it.
    process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY) || child.kill(signal));
  }
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await start(process.argv[2], process.argv.slice(3));
