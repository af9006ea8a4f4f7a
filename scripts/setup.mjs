// Installs what this checkout needs, once: npm packages (with the pinned Node) and gpu-runner/.venv. Plain JavaScript,
// because the Node that starts it may be older than the one that runs the rest.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPython, MissingTool, requireNode, requireNpm } from './setup/machine.mjs';
import { exclusively, fingerprint, readStamp, writeStamp } from './setup/once.mjs';
import { findNode, nodeModules, root, venv, venvProgram } from './setup/paths.mjs';

const HELP = `npm run setup [-- --no-python] [--torch BACKEND]

Installs the npm packages and the Python environment gpu-runner/.venv; does nothing where both are current.
  --no-python      leave the Python environment alone
  --torch BACKEND  which PyTorch build uv takes: pypi (as locked, with CUDA on Linux), cpu, auto, cu130, ...;
                   remembered. PREFLOOP_TORCH sets it too. Builds other than pypi come from PyTorch's own index.
PREFLOOP_PYTHON names the Python to build the environment with.`;

const say = (text) => process.stderr.write(`set-up: ${text}\n`);

// Standard output stays free for the command that follows; a sign of life now and then where no terminal shows progress.
async function run(command, args, options = {}) {
  const started = Date.now();
  const beat = setInterval(() => say(`… ${Math.round((Date.now() - started) / 1000)} s`), 20_000);
  try {
    await new Promise((resolve, reject) => {
      const child = spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
      for (const signal of ['SIGTERM', 'SIGHUP']) process.once(signal, () => child.kill(signal));
      child.on('error', reject);
      child.on('exit', (code, signal) =>
        code === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')} ended with ${signal ?? code}`)),
      );
    });
  } finally {
    clearInterval(beat);
  }
  return Math.round((Date.now() - started) / 1000);
}

const npmStamp = join(nodeModules, '.prefloop-setup');
const npmFingerprint = () =>
  fingerprint([join(root, 'package-lock.json'), join(root, '.npmrc')], [process.platform, process.arch]);

async function installPackages(wanted) {
  requireNpm();
  say('installing the npm packages (about 900 MB on disk) …');
  const seconds = await run('npm', ['ci', '--loglevel=error'], { shell: process.platform === 'win32' });
  if (!findNode()) {
    throw new MissingTool(
      `Prefloop runs on Node 24 and npm has none for ${process.platform}-${process.arch}: install Node 24 or newer and start again.`,
    );
  }
  writeStamp(npmStamp, wanted);
  say(`npm packages installed in ${seconds} s`);
}

const lockFile = join(root, 'gpu-runner', 'requirements-dev.lock');
const pythonStamp = join(venv, '.prefloop-setup');
const installedBuild = () => readStamp(pythonStamp).split('\n')[0] || null;
// The folder is part of it: the programs of a Python environment name it, and break when it moves.
const pythonIdentity = (torch) => `${torch}\n${root}\n`;
const pythonFingerprint = (torch) =>
  pythonIdentity(torch) + fingerprint([lockFile, join(root, 'gpu-runner', 'pyproject.toml')], []);

async function installPython(torch, wanted) {
  say('making the Python environment gpu-runner/.venv (PyTorch included: up to 6 GB on disk) …');
  let seconds = 0;
  if (!existsSync(venvProgram('python')) || !readStamp(pythonStamp).startsWith(pythonIdentity(torch))) {
    seconds += await run(findPython(), ['-m', 'venv', '--clear', venv]);
  }
  const uv = /^uv==\S+ \\\n(?: +--hash=\S+(?: \\)?\n)+/m.exec(readFileSync(lockFile, 'utf8'));
  if (!uv) throw new Error('gpu-runner/requirements-dev.lock does not name uv');
  const uvFile = join(venv, 'uv.lock');
  writeFileSync(uvFile, uv[0]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--require-hashes'];
  seconds += await run(venvProgram('python'), [...pip, '-r', uvFile]);
  const quiet = process.stderr.isTTY ? [] : ['--quiet'];
  const uvPip = (...args) => run(venvProgram('uv'), ['pip', ...args, ...quiet, '--python', venvProgram('python')]);
  if (torch === 'pypi') {
    seconds += await uvPip('sync', '--compile-bytecode', lockFile);
  } else {
    // Another build has other hashes and other dependencies: the lock then only pins the versions.
    const project = ['-r', 'gpu-runner/pyproject.toml', '--group', 'gpu-runner/pyproject.toml:dev', '-c', lockFile];
    seconds += await uvPip('install', '--compile-bytecode', '--no-verify-hashes', '--torch-backend', torch, ...project);
  }
  seconds += await uvPip('install', '--no-deps', '--no-build-isolation', '--editable', 'gpu-runner');
  writeStamp(pythonStamp, wanted);
  say(`Python environment made in ${seconds} s`);
}

/** Makes this checkout ready to run; `torch` as in HELP. Ends within milliseconds where it is ready already. */
export async function setUp({ python = true, torch = process.env.PREFLOOP_TORCH || undefined } = {}) {
  requireNode();
  const build = torch ?? installedBuild() ?? 'pypi';
  const packagesReady = () => readStamp(npmStamp) === npmFingerprint() && findNode() !== null;
  const pythonReady = () =>
    !python || (readStamp(pythonStamp) === pythonFingerprint(build) && existsSync(venvProgram('python')));
  if (packagesReady() && pythonReady()) return;
  if (!pythonReady() && !existsSync(venvProgram('python'))) findPython(); // say so before the packages, not after
  await exclusively(
    join(root, '.setup.lock'),
    () => say('another set-up of this checkout is running; waiting for it …'),
    async () => {
      if (!packagesReady()) await installPackages(npmFingerprint());
      if (!pythonReady()) await installPython(build, pythonFingerprint(build));
    },
  );
}

/** Ends the process with one sentence where the set-up cannot be done. */
export async function setUpOrExit(options) {
  try {
    await setUp(options);
  } catch (error) {
    process.stderr.write(`${error instanceof MissingTool ? error.message : `The set-up failed: ${error.message}`}\n`);
    process.exit(1);
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  const torch = args.includes('--torch') ? args[args.indexOf('--torch') + 1] : undefined;
  const known = ['--no-python', '--torch', '--help', torch];
  const unknown = args.find((arg) => !known.includes(arg));
  if (args.includes('--help') || unknown || (args.includes('--torch') && !torch)) {
    console.log(unknown ? `unknown option ${unknown}\n\n${HELP}` : HELP);
    process.exit(args.includes('--help') ? 0 : 1);
  }
  await setUpOrExit({ python: !args.includes('--no-python'), torch });
  say('ready');
}
