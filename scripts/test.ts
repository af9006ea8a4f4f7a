// npm test: the suites of both languages, one after the other, and one line of totals over both.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, venvProgram } from './setup/paths.mjs';
import { readJunit, readVitest, type Totals, totalsLine } from './test/totals.ts';

const HELP = `npm test [-- PATH…]

Runs every test: the TypeScript ones with vitest, the Python ones (test/gpu-runner) with pytest.
PATHs choose files or folders. Ends with what failed, by name, and one line: N passed, N failed[, N skipped].`;

const PYTHON_TESTS = 'test/gpu-runner';
const PYTHON_ENV = {
  OMP_NUM_THREADS: '1',
  // glibc gives every large block back to the kernel, which halves PyTorch's speed on a CPU.
  MALLOC_MMAP_MAX_: '0',
  MALLOC_TRIM_THRESHOLD_: '-1',
  MALLOC_TOP_PAD_: '268435456',
};

function run(program: string, args: string[], env: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

const readReport = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : null);

async function runVitest(paths: string[], report: string): Promise<Totals> {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const code = await run(process.execPath, [vitest, 'run', ...reporters, ...paths], {});
  return readVitest(readReport(report), code);
}

async function runPytest(paths: string[], report: string): Promise<Totals> {
  const workers = paths.length > 0 ? [] : ['-n', String(Math.min(availableParallelism(), 4)), '--dist=worksteal'];
  const chosen = paths.length > 0 ? paths : [PYTHON_TESTS];
  const code = await run(
    venvProgram('python'),
    ['-m', 'pytest', ...workers, `--junitxml=${report}`, ...chosen],
    PYTHON_ENV,
  );
  return readJunit(readReport(report), code);
}

const paths = process.argv.slice(2);
if (paths.includes('--help')) {
  console.log(HELP);
  process.exit(0);
}
const python = paths.filter((path) => path.includes(PYTHON_TESTS));
const typescript = paths.filter((path) => !path.includes(PYTHON_TESTS));
const reports = mkdtempSync(join(tmpdir(), 'prefloop-test-'));
const totals: Totals[] = [];
if (typescript.length > 0 || paths.length === 0) totals.push(await runVitest(typescript, join(reports, 'vitest.json')));
if (python.length > 0 || paths.length === 0) totals.push(await runPytest(python, join(reports, 'pytest.xml')));
rmSync(reports, { recursive: true, force: true });
console.log('');
for (const failure of totals.flatMap(({ failures }) => failures)) console.log(`FAILED ${failure.replaceAll(root, '')}`);
console.log(totalsLine(totals));
process.exitCode = totals.some(({ failed }) => failed > 0) ? 1 : 0;
