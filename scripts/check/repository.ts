// What must hold of the repository's own files.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { missingEntries, readLock } from '../lock.mjs';
import { root } from '../setup/paths.mjs';

// In two parts, because this file is tracked too.
const REGISTRIES = [
  'registry.npm' + 'js.org',
  'files.python' + 'hosted.org',
  'py' + 'pi.org/simple',
  'deb.' + 'debian.org',
];

const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;

/** `npm ci` must accept package-lock.json on every platform and from every registry. */
export async function checkLocks(): Promise<string> {
  const lock = readLock();
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const problems = Object.keys(missingEntries(lock)).map((path) => `package-lock.json lacks ${path}: npm run lock`);
  for (const kind of KINDS) {
    if (JSON.stringify(manifest[kind]) !== JSON.stringify(lock.packages[''][kind])) {
      problems.push(`package-lock.json differs from package.json in ${kind}: npm run lock`);
    }
  }
  for (const [path, entry] of Object.entries(lock.packages)) {
    if ('resolved' in (entry as object)) problems.push(`package-lock.json names a registry for ${path}`);
  }
  return problems.join('\n');
}

/** No tracked file names a package registry's host. */
export async function checkTracked(): Promise<string> {
  const patterns = REGISTRIES.flatMap((host) => ['-e', host]);
  try {
    return execFileSync('git', ['grep', '-lIF', ...patterns], { cwd: root, encoding: 'utf8' });
  } catch (error) {
    if ((error as { status?: number }).status === 1) return ''; // none found
    throw error;
  }
}
