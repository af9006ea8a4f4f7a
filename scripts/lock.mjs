// Completes package-lock.json: a registry that does not serve another platform's optional binary leaves it out of the
// lock, and `npm ci` then refuses that lock everywhere. Run after every `npm install`; `npm run check` verifies it.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const LOCK = new URL('../package-lock.json', import.meta.url);

// Where npm would look a dependency of `owner` up: beside it, then in every folder above.
function isLocked(packages, owner, name) {
  for (let at = owner; ; at = at.slice(0, Math.max(at.lastIndexOf('/node_modules/'), 0))) {
    if (packages[`${at}${at && '/'}node_modules/${name}`]) return true;
    if (at === '') return false;
  }
}

// `@biomejs/cli-win32-arm64`, `@deno/darwin-x64`, `@cloudflare/workerd-windows-64`: the name tells the platform.
function platformOf(name) {
  const os = /darwin|android|linux|win32|windows/.exec(name)?.[0].replace('windows', 'win32');
  const cpu = /arm64/.exec(name)?.[0] ?? (/64/.test(name) ? 'x64' : undefined);
  const libc = /musl|glibc/.exec(name)?.[0];
  return os && cpu ? { os: [os], cpu: [cpu], ...(libc && { libc: [libc] }) } : null;
}

/** Optional dependencies that `lock` names and does not hold: `[{ path, entry }]`. Throws where a name tells no platform. */
export function missingEntries(lock) {
  const missing = new Map();
  for (const [owner, { optionalDependencies = {}, dev = false }] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (isLocked(lock.packages, owner, name)) continue;
      const platform = platformOf(name);
      if (!platform) throw new Error(`package-lock.json lacks ${name}, and its name does not tell its platform`);
      missing.set(`node_modules/${name}`, { version, ...platform, ...(dev && { dev }), optional: true });
    }
  }
  return [...missing].map(([path, entry]) => ({ path, entry }));
}

export function readLock() {
  return JSON.parse(readFileSync(LOCK, 'utf8'));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const lock = readLock();
  const missing = missingEntries(lock);
  for (const { path, entry } of missing) lock.packages[path] = entry;
  const { '': root, ...rest } = lock.packages;
  lock.packages = { '': root, ...Object.fromEntries(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))) };
  if (missing.length > 0) writeFileSync(LOCK, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(missing.length > 0 ? `added ${missing.map(({ path }) => path).join(', ')}` : 'package-lock.json is complete');
}
