/** docs/client.md: its code runs as it stands, against an edge; it names every call. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nodeModules, root, venvProgram } from '../../../scripts/setup/paths.mjs';
import { createClient } from '../../../shared/client/client.ts';
import { TestEdge, type TestProject } from '../../worker/hosts.ts';
import { startInferenceServer } from '../../worker/inference-server.ts';

const run = promisify(execFile);
const page = await readFile(join(root, 'docs/client.md'), 'utf8');
const inference = await startInferenceServer();
const edge = new TestEdge('deno', { INFERENCE_URL: inference.url });
let project: TestProject;
let folder = '';

const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code);

beforeAll(async () => {
  const cache = join(nodeModules, '.cache');
  await mkdir(cache, { recursive: true });
  folder = await mkdtemp(join(cache, 'documented-'));
  await edge.start();
  project = await edge.createProject();
  await project.createDomain({ id: 'support-tone' });
});
afterAll(async () => {
  await Promise.all([edge.stop(), inference.close()]);
  await rm(folder, { recursive: true, force: true });
});

/** The first block makes the client; each of the others has its own names. */
const program = () => {
  const [first = '', ...others] = blocks('ts');
  return [first, ...others.map((code) => `{\n${code}}\n`)].join('');
};
const filled = (code: string) =>
  code.replaceAll('https://edge.example.com', edge.url).replaceAll('sk_…', project.admin);

it('its TypeScript holds', async () => {
  await writeFile(join(folder, 'page.ts'), program());
  const paths = { '@prefloop/client': [join(root, 'shared/client/client.ts')] };
  const config = { extends: join(root, 'tsconfig.json'), compilerOptions: { paths }, files: ['page.ts'], include: [] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(nodeModules, 'typescript/bin/tsc');
  await run(process.execPath, [tsc, '-p', folder]).catch(({ stdout }) => expect(stdout).toBe(''));
});

it('its TypeScript runs, and says what the page says', async () => {
  const bundle = await build({
    stdin: { contents: filled(program()), loader: 'ts', resolveDir: root },
    alias: { '@prefloop/client': join(root, 'shared/client/client.ts') },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  await writeFile(join(folder, 'page.mjs'), bundle.outputFiles[0]?.text ?? '');
  const { stdout } = await run(process.execPath, [join(folder, 'page.mjs')]);
  expect(stdout.trim().split('\n')).toEqual([
    expect.stringMatching(/^(waiting|heldOut) false$/),
    "[ 'support-tone' ]",
    'not_found 404',
    "[ 'created', 'duplicate' ]",
    'the base model true',
    '2 60',
    '1',
    'the page was closed',
  ]);
});

it('its Python runs', async () => {
  const [code = ''] = blocks('python');
  const { stdout } = await run(venvProgram('python'), ['-c', filled(code)], { cwd: join(root, 'gpu-runner') });
  expect(stdout.trim().split('\n')).toEqual(['support-tone dpo the base model', 'nothing to train on', 'not_found']);
});

it('names every call', () => {
  const table = page.slice(page.indexOf('## All calls'), page.indexOf('## Python'));
  const named = [...table.matchAll(/`([a-z]\w+)`/g)].map(([, name]) => name);
  expect(named.sort()).toEqual(Object.keys(createClient({ edge: '' })).sort());
});
