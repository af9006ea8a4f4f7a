import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

let checkout: string;
let bin: string;

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'prefloop-setup-'));
  bin = join(checkout, 'bin');
  mkdirSync(bin);
  const files = ['package-lock.json', '.npmrc', 'gpu-runner/pyproject.toml', 'gpu-runner/requirements-dev.lock'];
  for (const name of ['scripts', ...files]) cpSync(name, join(checkout, name), { recursive: true });
  for (const name of ['sh', 'sleep', 'mkdir']) symlinkSync(`/bin/${name}`, join(bin, name));
});
afterEach(() => rmSync(checkout, { recursive: true, force: true }));

function addProgram(name: string, script: string) {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

// Answers `npm ci` as npm does where it counts: the packages are there when it ends.
const addNpm = (beforeEnd = '') =>
  addProgram('npm', `[ "$1" = ci ] || exit 0\necho run >> npm.log\n${beforeEnd}\nmkdir -p node_modules`);
const addPython = (answer: object) => addProgram('python3', `echo '${JSON.stringify(answer)}'`);
const npmRuns = () => readFileSync(join(checkout, 'npm.log'), 'utf8').trim().split('\n').length;

async function npmStarted() {
  while (!existsSync(join(checkout, 'npm.log'))) await sleep(20);
}

function startSetUp(args: string[] = ['--no-python'], nodeArgs: string[] = []) {
  const { PREFLOOP_PYTHON: _, ...env } = process.env;
  const child = spawn(process.execPath, [...nodeArgs, join(checkout, 'scripts', 'setup.mjs'), ...args], {
    cwd: tmpdir(),
    env: { ...env, PATH: bin },
  });
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number, stderr })) };
}
const setUp = (...args: Parameters<typeof startSetUp>) => startSetUp(...args).ended;

test('a too old Node is one sentence', async () => {
  const old = join(checkout, 'old.cjs');
  writeFileSync(old, "Object.defineProperty(process.versions, 'node', { value: '18.20.4' });");
  expect(await setUp([], ['--require', old])).toEqual({
    code: 1,
    stderr: 'Prefloop needs Node 20 or newer, and this is Node 18.20.4: install a newer one and start again.\n',
  });
});

test('a missing npm is one sentence', async () => {
  expect(await setUp()).toEqual({
    code: 1,
    stderr: 'Prefloop needs npm, and none is on the PATH: install it (it comes with Node) and start again.\n',
  });
});

test('a missing Python is one sentence, said before anything is installed', async () => {
  addNpm();
  expect(await setUp([])).toEqual({
    code: 1,
    stderr: 'Prefloop needs Python 3.11 or newer, and none was found: install one and start again.\n',
  });
  expect(npmRuns).toThrow('ENOENT');
});

test('a too old Python is one sentence that names it', async () => {
  addPython({ path: '/opt/python3', version: '3.9.2', recent: false, venv: true });
  expect(await setUp([])).toEqual({
    code: 1,
    stderr: 'Prefloop needs Python 3.11 or newer, and /opt/python3 is 3.9.2: install one and start again.\n',
  });
});

test('a Python without venv is one sentence that names the package', async () => {
  addPython({ path: '/opt/python3', version: '3.11.2', recent: true, venv: false });
  const { code, stderr } = await setUp([]);
  expect(code).toBe(1);
  expect(stderr).toBe(
    "Prefloop needs Python's venv module, and Python 3.11.2 at /opt/python3 lacks it: install it (on Debian and Ubuntu the package python3-venv) and start again.\n",
  );
});

test('installs once, and again when the lock file has changed', async () => {
  addNpm();
  expect((await setUp()).code).toBe(0);
  expect((await setUp()).code).toBe(0);
  expect(npmRuns()).toBe(1);
  appendFileSync(join(checkout, 'package-lock.json'), '\n');
  expect((await setUp()).code).toBe(0);
  expect(npmRuns()).toBe(2);
});

test('a failed install says so and is tried again by the next start', async () => {
  addNpm('exit 7');
  const failed = await setUp();
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain('The set-up failed: npm ci');
  addNpm();
  expect((await setUp()).code).toBe(0);
});

test('set-ups that start together install once; the others wait', async () => {
  addNpm('sleep 1');
  const all = await Promise.all([setUp(), setUp(), setUp(), setUp()]);
  expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  expect(npmRuns()).toBe(1);
  expect(all.filter(({ stderr }) => stderr.includes('waiting')).length).toBe(3);
});

test('a set-up that is told to stop takes npm with it', async () => {
  addNpm('exec sleep 20');
  const { child, ended } = startSetUp();
  await npmStarted();
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('npm ci --loglevel=error ended with SIGTERM'),
  });
});

test('what a killed set-up leaves behind stops nobody', async () => {
  addNpm('exec sleep 2');
  const { child, ended } = startSetUp();
  await npmStarted();
  child.kill('SIGKILL');
  await ended;
  addNpm();
  const all = await Promise.all([setUp(), setUp(), setUp()]);
  expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(npmRuns()).toBe(2);
});
