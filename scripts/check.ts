// npm run check: everything that is looked at without running it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { checkLocks, checkTracked } from './check/repository.ts';
import { root, venvProgram } from './setup/paths.mjs';

const HELP = `npm run check [-- --fix]

biome, tsc, ruff, pyright, hadolint; the lock files are complete; the generated files are current.
  --fix  let biome and ruff rewrite what they can first`;

/** What a check has to say: nothing where all is well. */
type Check = () => Promise<string>;

function command(program: string, ...args: string[]): Check {
  return () =>
    new Promise((resolve, reject) => {
      const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      child.stdout.on('data', (data) => (output += data));
      child.stderr.on('data', (data) => (output += data));
      child.on('error', reject);
      child.on('close', (code) => resolve(code === 0 ? '' : output || `${program} ended with ${code}`));
    });
}

const bin = (name: string, script: string) => join(root, 'node_modules', name, script);
const node = (script: string, ...args: string[]) => command(process.execPath, script, ...args);
const biome = (...args: string[]) => node(bin('@biomejs/biome', 'bin/biome'), ...args);
const PYTHON = ['gpu-runner', 'test/gpu-runner'];
const DOCKERFILES = ['Dockerfile', 'gpu-runner/Dockerfile'];
const GENERATE = 'scripts/generate.ts';

const fixes: [string, Check][] = [
  ['biome --write', biome('check', '--write', '.')],
  ['ruff --fix', command(venvProgram('ruff'), 'check', '--fix', '--quiet', ...PYTHON)],
  ['ruff format', command(venvProgram('ruff'), 'format', '--quiet', ...PYTHON)],
];
const checks: [string, Check][] = [
  ['biome', biome('check', '--error-on-warnings', '.')],
  ['tsc', node(bin('typescript', 'bin/tsc'), '--noEmit')],
  ['ruff check', command(venvProgram('ruff'), 'check', ...PYTHON)],
  ['ruff format', command(venvProgram('ruff'), 'format', '--check', ...PYTHON)],
  ['pyright', node(bin('pyright', 'index.js'), '--project', 'gpu-runner')],
  ['Dockerfiles', command(venvProgram('hadolint'), ...DOCKERFILES)],
  ['lock files', checkLocks],
  ['Python requirements', command(venvProgram('uv'), 'pip', 'check', '--python', venvProgram('python'))],
  ['tracked files', checkTracked],
  ['generated files', node(GENERATE, '--check')],
];

async function runAll(all: [string, Check][]): Promise<number> {
  let failed = 0;
  for (const [name, check] of all) {
    const started = performance.now();
    const problem = await check();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${problem === '' ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
    if (problem !== '') {
      console.log(problem.trimEnd());
      failed += 1;
    }
  }
  return failed;
}

const args = process.argv.slice(2);
if (args.includes('--help')) {
  console.log(HELP);
  process.exit(0);
}
if (args.includes('--fix')) await runAll(fixes);
const failed = await runAll(checks);
console.log(`\n${checks.length - failed} checks passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
