// npm run lock: writes the lock files anew after a change of package.json or gpu-runner/pyproject.toml. A registry that
// does not serve another platform's optional binary leaves it out of npm's lock, and `npm ci` then refuses that lock
// everywhere: such entries are added here.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root, venvProgram } from './setup/paths.mjs';

const LOCK = join(root, 'package-lock.json');

// Where npm would look a dependency of `owner` up: beside it, then in every folder above.
function isLocked(packages, owner, name) {
  for (let at = owner; ; at = at.slice(0, Math.max(at.lastIndexOf('/node_modules/'), 0))) {
    if (packages[`${at}${at && '/'}node_modules/${name}`]) return true;
    if (at === '') return false;
  }
}

// `@biomejs/cli-win32-arm64`, `@deno/linux-arm64-glibc`, `@cloudflare/workerd-windows-64`: the name tells the platform.
function platformOf(name) {
  const os = /darwin|android|linux|win32|windows/.exec(name)?.[0].replace('windows', 'win32');
  const cpu = /arm64/.exec(name)?.[0] ?? (/64/.test(name) ? 'x64' : undefined);
  if (!os || !cpu) throw new Error(`package-lock.json lacks ${name}, and its name does not tell its platform`);
  const libc = /musl|glibc/.exec(name)?.[0];
  return { cpu: [cpu], ...(libc && { libc: [libc] }), os: [os] };
}

/** The optional dependencies that `lock` names and does not hold: path → entry. */
export function missingEntries(lock) {
  const missing = {};
  for (const [owner, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (isLocked(lock.packages, owner, name)) continue;
      missing[`node_modules/${name}`] = { version, ...(dev && { dev }), optional: true, ...platformOf(name) };
    }
  }
  return missing;
}

export function readLock() {
  return JSON.parse(readFileSync(LOCK, 'utf8'));
}

function lockPackages() {
  execFileSync('npm', ['install', '--package-lock-only', '--loglevel=error'], { cwd: root, stdio: 'inherit' });
  const lock = readLock();
  const packages = Object.entries({ ...lock.packages, ...missingEntries(lock) }).sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(LOCK, `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`);
}

function lockPython() {
  const options = ['--universal', '--generate-hashes', '--no-header', '--quiet', '--python-version=3.11'];
  const compile = (folder, ...args) =>
    execFileSync(venvProgram('uv'), ['pip', 'compile', ...args, ...options], { cwd: join(root, 'gpu-runner', folder) });
  compile('.', 'pyproject.toml', '-o', 'requirements.lock');
  compile('.', 'pyproject.toml', '--group', 'dev', '-c', 'requirements.lock', '-o', 'requirements-dev.lock');
  compile('bench/peers', 'requirements.in', '-o', 'requirements.lock');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  lockPackages();
  lockPython();
}
