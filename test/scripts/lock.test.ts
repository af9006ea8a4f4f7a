import { expect, test } from 'vitest';
import { missingEntries, readLock } from '../../scripts/lock.mjs';

test('the committed lock holds every optional dependency that it names', () => {
  expect(missingEntries(readLock())).toEqual({});
});

test('an optional dependency without its package is completed, with the platform that its name tells', () => {
  const lock = readLock();
  for (const name of ['@deno/win32-x64', '@cloudflare/workerd-darwin-arm64', '@biomejs/cli-linux-x64-musl']) {
    delete lock.packages[`node_modules/${name}`];
  }
  const { version } = lock.packages['node_modules/deno'];
  expect(missingEntries(lock)).toMatchObject({
    'node_modules/@deno/win32-x64': { version, optional: true, os: ['win32'], cpu: ['x64'] },
    'node_modules/@cloudflare/workerd-darwin-arm64': { optional: true, os: ['darwin'], cpu: ['arm64'] },
    'node_modules/@biomejs/cli-linux-x64-musl': { optional: true, os: ['linux'], cpu: ['x64'], libc: ['musl'] },
  });
});

test('a package that stands in a folder above counts as there', () => {
  const packages = {
    'node_modules/a': {},
    'node_modules/a/node_modules/b': { optionalDependencies: { 'c-linux-x64': '1.0.0' } },
    'node_modules/c-linux-x64': { version: '1.0.0' },
  };
  expect(missingEntries({ packages })).toEqual({});
});

test('a name that tells no platform is refused', () => {
  expect(() => missingEntries({ packages: { '': { optionalDependencies: { fsevents: '2.3.3' } } } })).toThrow(
    'package-lock.json lacks fsevents, and its name does not tell its platform',
  );
});
