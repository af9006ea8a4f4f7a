/** `npm run papers`: puts the claims of the papers to the test on the built-in world, and writes docs/papers.md. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { UsageError } from '../shared/cli/arguments.ts';
import { defineCommand } from '../shared/cli/command.ts';
import { describeMachine, formatCommand } from '../shared/cli/summary.ts';
import { allocator } from './demo/processes.ts';
import { experimentNames, PAGE, REPORTS } from './papers/experiments.ts';
import { type Page, type Report, writePage } from './papers/page.ts';
import { root, venvProgram } from './setup/paths.mjs';

const declaration = {
  name: 'npm run papers --',
  summary: 'Trains every method on the built-in world and tells which claims of its paper hold there.',
  positionals: ['[NAME…]'],
  options: {
    quick: { type: 'flag', help: 'Tiny sizes, two seeds: shows that the experiments run. Writes no page.' },
    page: { type: 'flag', help: 'Run nothing: write the page again from what was measured.' },
    seeds: { type: 'integer', value: 'N', help: 'Instead of the number each experiment names.', min: 2, max: 16 },
    workers: { type: 'integer', value: 'N', help: 'Processes of one thread; default: one a core.', min: 1, max: 64 },
    runs: {
      type: 'text',
      value: 'DIR',
      help: 'Where single runs are kept, to go on from.',
      default: '.prefloop/papers',
    },
    data: { type: 'text', value: 'DIR', help: 'Folder of real data; default: PREFLOOP_DATA.' },
    json: { type: 'text', value: 'FILE', help: 'Write the evidence of every claim as JSON.' },
  },
} as const;

const command = defineCommand(declaration, async (options, names) => {
  if (options.page) {
    await writePage(PAGE, REPORTS, await experimentNames());
    return undefined;
  }
  const out = await mkdtemp(join(tmpdir(), 'prefloop-papers-'));
  try {
    const started = performance.now();
    await python([
      ...names,
      ...['--out', out, '--runs', resolve(options.runs)],
      ...(options.quick ? ['--quick'] : []),
      ...(options.seeds ? ['--seeds', String(options.seeds)] : []),
      ...(options.workers ? ['--workers', String(options.workers)] : []),
      ...data(options.data ?? process.env.PREFLOOP_DATA),
    ]);
    const written = (await readFile(join(out, 'names.json'), 'utf8').then(JSON.parse)) as string[];
    const page: Page = {
      command: formatCommand(['npm', 'run', 'papers', ...(names.length > 0 ? ['--', ...names] : [])]),
      machine: describeMachine(),
      date: new Date().toISOString().slice(0, 10),
    };
    const reports: Report[] = [];
    for (const name of written) {
      reports.push({ ...JSON.parse(await readFile(join(out, `${name}.json`), 'utf8')), measured: page });
    }
    if (!options.quick) {
      for (const report of reports) {
        await writeFile(join(REPORTS, `${report.name}.json`), `${JSON.stringify(report, null, 1)}\n`);
      }
      await writePage(PAGE, REPORTS, await experimentNames());
    }
    if (options.json)
      await writeFile(options.json, `${JSON.stringify({ name: 'papers', ...page, reports }, null, 2)}\n`);
    const claims = reports.flatMap((report) => report.claims);
    const count = (verdict: string) => claims.filter((claim) => claim.verdict === verdict).length;
    const verdicts = ['reproduced', 'contradicted', 'inconclusive', 'not testable here'];
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.log(
      `${claims.length} claims in ${seconds} s: ${verdicts.map((each) => `${count(each)} ${each}`).join(', ')}`,
    );
    return undefined;
  } finally {
    await rm(out, { recursive: true, force: true });
  }
});

function data(folder: string | undefined): string[] {
  return folder ? ['--data', resolve(folder)] : [];
}

function python(args: string[]): Promise<void> {
  return new Promise((done, failed) => {
    const child = spawn(venvProgram('python'), ['-m', 'papers', ...args], {
      cwd: join(root, 'gpu-runner'),
      env: { ...process.env, ...allocator, OMP_NUM_THREADS: '1', HF_HUB_OFFLINE: '1' },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.on('error', failed);
    child.on('close', (code) => (code === 0 ? done() : failed(new UsageError(`the experiments ended with ${code}`))));
  });
}

process.exitCode = await command.run(process.argv.slice(2));
