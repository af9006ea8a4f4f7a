import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const checkout = mkdtempSync(join(tmpdir(), 'prefloop-test-'));
afterAll(() => rmSync(checkout, { recursive: true, force: true }));

function write(path: string, text: string) {
  mkdirSync(join(checkout, path, '..'), { recursive: true });
  writeFileSync(join(checkout, path), text);
}

test('both suites are counted in one line after the names of what failed; a file that does not load is a failure', () => {
  for (const name of ['scripts', 'vitest.config.ts', 'package.json'])
    cpSync(name, join(checkout, name), { recursive: true });
  write('gpu-runner/pyproject.toml', '');
  for (const name of ['node_modules', 'gpu-runner/.venv']) symlinkSync(resolve(name), join(checkout, name));
  const vitest = "import { test } from 'vitest';";
  write(
    'test/some.test.ts',
    `${vitest} test('a', () => {}); test('b', () => { throw new Error('<b> & "b"'); }); test.skip('c', () => {});`,
  );
  write('test/unloaded.test.ts', "import './nowhere.ts';");
  write(
    'test/gpu-runner/test_some.py',
    'import pytest\ndef test_a(): pass\ndef test_b(): raise ValueError("<b> & \\"b\\"\\nmore")\ndef test_c(): pytest.skip("none")',
  );
  write('test/gpu-runner/test_unloaded.py', 'import nowhere');

  const run = (...paths: string[]) => {
    const { CI: _, ...env } = process.env;
    const { stdout, status } = spawnSync(process.execPath, ['scripts/test.ts', ...paths], {
      cwd: checkout,
      env,
      encoding: 'utf8',
    });
    const lines = stdout.trimEnd().split('\n\n').at(-1)?.split('\n') ?? [];
    return { failures: lines.slice(0, -1), last: lines.at(-1), status };
  };
  const all = run();
  expect(all).toMatchObject({ last: '2 passed, 4 failed, 2 skipped', status: 1 });
  expect(all.failures).toEqual([
    expect.stringMatching(/^FAILED test\/unloaded\.test\.ts: .*nowhere/),
    'FAILED test/some.test.ts › b: Error: <b> & "b"',
    'FAILED test.gpu-runner.test_unloaded: collection failure',
    'FAILED test.gpu-runner.test_some › test_b: ValueError: <b> & "b"',
  ]);
  expect(run('test/gpu-runner/test_some.py')).toMatchObject({ last: '1 passed, 1 failed, 1 skipped', status: 1 });
  expect(run('test/some.test.ts')).toMatchObject({ last: '1 passed, 1 failed, 1 skipped', status: 1 });
  expect(run('test/nowhere.test.ts')).toMatchObject({ last: '0 passed, 1 failed', status: 1 });
}, 120_000);
