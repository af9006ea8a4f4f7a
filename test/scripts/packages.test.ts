/** The packages as a stranger gets them: packed, installed without a registry into an empty project, type-checked, run. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { buildPackages } from '../../scripts/packages/build.ts';
import { nodeModules } from '../../scripts/setup/paths.mjs';
import manifest from '../../worker/widget/custom-elements.json' with { type: 'json' };
import { Stage } from '../widget/stage.ts';

const stage = new Stage();
const run = promisify(execFile);
let folder = '';
let project = '';

/** npm, without a registry: a package that is not at hand fails. */
const npm = (cwd: string, ...args: string[]) =>
  run('npm', [...args, '--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--cache', join(folder, 'cache')], {
    cwd,
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prefloop-packages-'));
  project = join(folder, 'project');
  await mkdir(project);
  const tarballs: string[] = [];
  for (const made of await buildPackages(join(folder, 'built'))) {
    const { stdout } = await npm(made, 'pack', '--json', '--pack-destination', folder);
    const packed = JSON.parse(stdout);
    tarballs.push(join(folder, Object.values<{ filename: string }>(packed)[0]?.filename ?? ''));
  }
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  await npm(project, 'install', ...tarballs);
  await stage.start();
});
afterAll(async () => {
  await stage.stop();
  await rm(folder, { recursive: true, force: true });
});

const read = (name: string, file: string) => readFile(join(project, 'node_modules/@prefloop', name, file), 'utf8');

describe.each(['client', 'widget'])('@prefloop/%s', (name) => {
  it('has this version, a license, a README, and nothing that it would have to fetch', async () => {
    const made = JSON.parse(await read(name, 'package.json'));
    expect(made).toMatchObject({ name: `@prefloop/${name}`, version: packageJson.version, license: 'Apache-2.0' });
    expect(Object.keys(made)).not.toEqual(expect.arrayContaining(['dependencies', 'private', 'scripts']));
    expect(made.dependencies).toBeUndefined();
    expect(await read(name, 'README.md')).toContain(`# @prefloop/${name}\n`);
    expect(await read(name, 'LICENSE')).toContain('Apache License');
  });

  it('has every file that it points to, and none that names this repository’s own', async () => {
    const { exports } = JSON.parse(await read(name, 'package.json'));
    const targets = Object.values<string | Record<string, string>>(exports).flatMap((each) =>
      typeof each === 'string' ? [each] : Object.values(each),
    );
    for (const target of targets) expect(await read(name, target)).not.toBe('');
    const types = await readdir(join(project, 'node_modules/@prefloop', name, 'types'));
    for (const file of types)
      expect(await read(name, `types/${file}`), file).not.toMatch(/["']zod|contracts\/|\.ts["']/);
  });
});

it('installing both brings nothing else along', async () => {
  expect((await readdir(join(project, 'node_modules'))).filter((each) => !each.startsWith('.'))).toEqual(['@prefloop']);
  expect((await readdir(join(project, 'node_modules/@prefloop'))).sort()).toEqual(['client', 'widget']);
});

const USE = `
import { type ChatChunk, type Client, createClient, EdgeError, type Preference, type Recipe } from '@prefloop/client';
import { PrefloopCompare, type Question, type VoteDetail } from '@prefloop/widget';

export const client: Client = createClient({ edge: 'https://edge.example.com', token: async () => 'jwt' });
export async function use(signal: AbortSignal): Promise<string> {
  const domain = await client.createDomain({ id: 'tone', baseModel: 'tiny', recipe: { method: 'dpo' } }, { signal });
  const recipe: Recipe = domain.recipe;
  const beta: number = recipe.method === 'dpo' ? recipe.beta : 0;
  for await (const vote of client.eachPreference({ domain: 'tone' })) {
    const known: Preference = vote;
    if (known.choice.type === 'ranking') return known.choice.ranking[0]?.[0] ?? '';
  }
  const lease = await client.leaseBatch({ baseModel: 'tiny', runner: 'r' });
  const { chunks } = await client.streamChat({ model: 'tone', messages: [{ role: 'user', content: 'Hi' }] });
  for await (const chunk of chunks) show(chunk);
  return String(beta) + (lease === null ? 'nothing' : lease.examples.length);
}
function show(chunk: ChatChunk): string | null | undefined {
  return chunk.choices[0]?.delta.content;
}
export const isBusy = (error: unknown) => error instanceof EdgeError && error.code === 'inference_unavailable';

const widget = document.querySelector('prefloop-compare');
const question: Question = { prompt: 'Where is my parcel?', candidates: ['On its way.', 'No idea.'] };
widget?.compare(question);
widget?.addEventListener('prefloop:vote', ({ detail }) => keep(detail));
function keep(detail: VoteDetail): string {
  return detail.id;
}
export const names: string[] = PrefloopCompare.observedAttributes;

// @ts-expect-error there is no such method of training
client.createDomain({ id: 'tone', baseModel: 'tiny', recipe: { method: 'guessing' } });
// @ts-expect-error nor such a state
client.listBatches({ state: 'lost' });
// @ts-expect-error nor such a code
export const wrong = (error: EdgeError) => error.code === 'inference_unavailabel';
// @ts-expect-error a prompt is needed
export const incomplete: Question = { candidates: ['a', 'b'] };
`;
const REACT = `
import { createElement } from 'react';
import { PrefloopCompare } from '@prefloop/widget/react';

export const page = createElement(PrefloopCompare, { edge: 'https://edge.example.com', domain: 'tone', onVote: ({ id }) => id });
// @ts-expect-error a domain is needed
export const wrong = createElement(PrefloopCompare, { edge: 'https://edge.example.com' });
`;

describe('types', () => {
  const check = async (name: string, compilerOptions: object, source: string) => {
    const home = join(project, name);
    await mkdir(home, { recursive: true });
    await writeFile(join(home, 'use.ts'), source);
    const options = {
      strict: true,
      noEmit: true,
      target: 'es2022',
      types: [],
      skipLibCheck: false,
      ...compilerOptions,
    };
    await writeFile(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['use.ts'] }));
    const tsc = join(nodeModules, 'typescript/bin/tsc');
    await run(process.execPath, [tsc, '-p', home], { cwd: project }).catch(({ stdout }) => expect(stdout).toBe(''));
  };
  const lib = ['es2022', 'dom', 'dom.iterable', 'dom.asynciterable'];
  const resolutions = [
    ['bundler', { module: 'esnext', moduleResolution: 'bundler', lib }],
    ['nodenext', { module: 'nodenext', moduleResolution: 'nodenext', lib }],
    ['exactly optional', { module: 'nodenext', exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, lib }],
  ] as const;

  it.each(resolutions)('of both stand alone and hold: %s', (name, options) => check(name, options, USE));

  it('of the example in the client’s README hold', async () => {
    const [, code = ''] = /^```ts\n(.*?)^```/ms.exec(await read('client', 'README.md')) ?? [];
    expect(code).toContain('createPreference');
    await check('readme', { module: 'esnext', moduleResolution: 'bundler', lib }, code);
  });

  it.each(resolutions.slice(0, 2))('of the React component hold beside React’s own: %s', async (name, options) => {
    await mkdir(join(project, 'node_modules/@types'), { recursive: true });
    for (const each of ['@types/react', 'csstype', 'react']) {
      const place = join(project, 'node_modules', each);
      await symlink(join(nodeModules, each), place).catch((error) => expect(error.code).toBe('EEXIST'));
    }
    await check(`react-${name}`, options, REACT);
  });
});

describe('run', () => {
  it('the client talks to an edge from Node', async () => {
    const script = `
      import { createClient, EdgeError } from '@prefloop/client';
      const [edge, token] = process.argv.slice(2);
      const client = createClient({ edge, token });
      const { items } = await client.listDomains();
      const missing = await client.getDomain('none').catch((error) => error instanceof EdgeError && error.code);
      console.log(JSON.stringify([items.map(({ id }) => id), missing]));`;
    await writeFile(join(project, 'run.mjs'), script);
    const { stdout } = await run(process.execPath, ['run.mjs', stage.edge.url, stage.project.admin], { cwd: project });
    expect(JSON.parse(stdout)).toEqual([['replies'], 'not_found']);
  });

  it('the element can be named on a server', async () => {
    await writeFile(
      join(project, 'server.mjs'),
      `console.log((await import('@prefloop/widget')).PrefloopCompare.name);`,
    );
    expect((await run(process.execPath, ['server.mjs'], { cwd: project })).stdout.trim()).toBe('PrefloopCompare');
  });

  async function openPage(name: string, source: string, more: Parameters<typeof build>[0] = {}) {
    const stdin = { contents: source, resolveDir: project };
    const bundle = await build({ stdin, bundle: true, format: 'esm', write: false, logLevel: 'silent', ...more });
    const policy = { 'content-security-policy': stage.policy };
    stage.serve(`/${name}.js`, { type: 'text/javascript', body: bundle.outputFiles?.[0]?.text ?? '' });
    const body = `<!doctype html><title>A page</title><main id="root"></main><script type="module" src="/${name}.js"></script>`;
    const page = await stage.browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(stage.serve(`/${name}`, { type: 'text/html', body, headers: policy }));
    return { page, errors };
  }

  it('client and widget collect a vote from a page', async () => {
    const token = await stage.project.createUserToken('anna', ['collect']);
    const { page, errors } = await openPage(
      'installed',
      `import { createClient } from '@prefloop/client';
       import { PrefloopCompare } from '@prefloop/widget';
       const edge = ${JSON.stringify(stage.edge.url)};
       const token = ${JSON.stringify(token)};
       const asked = { domain: 'replies', prompt: { text: 'Hello?' }, candidates: ['Hi.', 'What?'] };
       asked.candidates = asked.candidates.map((text) => ({ content: { type: 'text', text } }));
       createClient({ edge, token }).createComparison(asked).then(
         ({ candidates }) => { document.title = candidates.length + ' candidates'; },
         ({ message }) => { document.title = message; });
       const widget = new PrefloopCompare();
       widget.setAttribute('edge', edge);
       widget.setAttribute('domain', 'replies');
       widget.setAttribute('undo', '0');
       widget.token = token;
       document.querySelector('main').append(widget);
       widget.compare({ prompt: 'Where is my parcel?', candidates: ['On its way.', 'No idea.'] });`,
    );
    await page.getByRole('button', { name: 'Prefer answer 1' }).click();
    await expect.poll(async () => (await stage.votes()).map(({ user }) => user)).toEqual(['anna']);
    await expect.poll(() => page.title()).toBe('2 candidates');
    expect(errors).toEqual([]);
    await page.close();
  });

  it('the React component shows the same element, once defined', async () => {
    const token = await stage.project.createUserToken('berta', ['collect']);
    const { page, errors } = await openPage(
      'react',
      `import { createElement } from 'react';
       import { createRoot } from 'react-dom/client';
       import '@prefloop/widget';
       import { PrefloopCompare } from '@prefloop/widget/react';
       const question = { prompt: 'Where is my parcel?', candidates: ['On its way.', 'No idea.'] };
       const edge = ${JSON.stringify(stage.edge.url)};
       createRoot(document.getElementById('root')).render(
         createElement(PrefloopCompare, { edge, domain: 'replies', question, token: ${JSON.stringify(token)} }));`,
      { nodePaths: [nodeModules], define: { 'process.env.NODE_ENV': '"production"' } },
    );
    await page.getByText('Where is my parcel?').waitFor();
    expect(errors).toEqual([]);
    await page.close();
  });
});

it('the manifest names the module that defines the element, and all that the edge’s names', async () => {
  const { customElements } = JSON.parse(await read('widget', 'package.json'));
  const { modules } = JSON.parse(await read('widget', customElements));
  expect(modules.map(({ path }: { path: string }) => path)).toEqual(['index.js']);
  expect(modules[0].declarations).toEqual(manifest.modules[0]?.declarations);
  for (const { name, declaration } of modules[0].exports) {
    expect([name, declaration.module]).toEqual([
      expect.stringMatching(/^(prefloop-compare|PrefloopCompare)$/),
      'index.js',
    ]);
  }
});
