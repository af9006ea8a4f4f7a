/** One script of the client's main paths, bundled once, in each runtime that the client is for. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { unstable_startWorker as startWorker } from 'wrangler';
import { denoProgram } from '../../../scripts/edge/deno.ts';
import { root } from '../../../scripts/setup/paths.mjs';
import { Stage } from '../../widget/stage.ts';
import { startInferenceServer } from '../../worker/inference-server.ts';
import { png } from '../../worker/made-image.ts';
import type { Stop } from './main-paths.ts';

const inference = await startInferenceServer();
const stage = new Stage({ INFERENCE_URL: inference.url });
const run = promisify(execFile);
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prefloop-runtimes-'));
  await stage.start();
  // The third word comes late: longer after the second than the impatient call waits, and sooner than the others do.
  inference.behave({ say: () => 'It is here', chunkMs: 1200 });
});
afterAll(async () => {
  await Promise.all([stage.stop(), inference.close()]);
  await rm(folder, { recursive: true, force: true });
});

/** The script with a last line of its own, in a file. */
async function bundle(name: string, end: string): Promise<string> {
  const contents = `import { walkMainPaths } from './test/shared/client/main-paths.ts';\n${end}`;
  const outfile = join(folder, name);
  await build({ stdin: { contents, resolveDir: root }, bundle: true, format: 'esm', target: 'es2022', outfile });
  return outfile;
}

/** A picture of its own for each runtime: the edge keeps one once. */
const stop = async (seed: number): Promise<Stop> => ({
  edge: stage.edge.url,
  project: stage.project.id,
  token: await stage.project.createUserToken('anna'),
  picture: [...png(seed)],
});

const expected = {
  models: ['replies'],
  votes: [false, true],
  answer: 'It is here',
  streamed: 'It is here ',
  retried: ['list', 2],
  picture: true,
  refused: ['forbidden', 403],
  unreachable: ['network', 0],
  silent: ['timeout', 0],
  aborted: 'Error: enough',
};
const PRINT = `console.log(JSON.stringify(await walkMainPaths(JSON.parse(INPUT))));`;

it('Node', async () => {
  const file = await bundle('node.mjs', PRINT.replace('INPUT', 'process.argv[2]'));
  const { stdout } = await run(process.execPath, [file, JSON.stringify(await stop(1))]);
  expect(JSON.parse(stdout)).toEqual(expected);
});

it('Deno', async () => {
  const file = await bundle('deno.mjs', PRINT.replace('INPUT', 'Deno.args[0]'));
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: '1' };
  const flags = ['run', '--no-config', '--no-prompt', '--allow-net'];
  const { stdout } = await run(denoProgram(), [...flags, file, JSON.stringify(await stop(2))], { env, cwd: folder });
  expect(JSON.parse(stdout)).toEqual(expected);
});

it('a Worker', async () => {
  const end = `export default {
    async fetch(request) {
      try { return Response.json(await walkMainPaths(await request.json())); }
      catch (error) { return new Response(error.stack, { status: 500 }); }
    } };`;
  const entrypoint = await bundle('worker.mjs', end);
  const config = join(folder, 'wrangler.json');
  await writeFile(config, JSON.stringify({ name: 'walk', main: entrypoint, compatibility_date: '2026-01-01' }));
  Object.assign(process.env, { WRANGLER_SEND_METRICS: 'false', WRANGLER_WRITE_LOGS: 'false', WRANGLER_LOG: 'error' });
  Object.assign(process.env, {
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    WRANGLER_REGISTRY_PATH: join(folder, 'registry'),
  });
  const dev = { server: { hostname: '127.0.0.1', port: 0 }, inspector: false, persist: false, watch: false } as const;
  const worker = await startWorker({ config, envFiles: [], dev: { ...dev, logLevel: 'error' } });
  try {
    const answer = await fetch(await worker.url, { method: 'POST', body: JSON.stringify(await stop(3)) });
    const text = await answer.text();
    expect(answer.status, text).toBe(200);
    expect(JSON.parse(text)).toEqual(expected);
  } finally {
    await worker.dispose();
  }
});

it('Chromium', async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { walkMainPaths } from './test/shared/client/main-paths.ts';\nglobalThis.walk = walkMainPaths;`,
      resolveDir: root,
    },
    bundle: true,
    format: 'iife',
    target: 'es2022',
    write: false,
  });
  stage.serve('/walk.js', { type: 'text/javascript', body: outputFiles[0]?.text ?? '' });
  const body = '<!doctype html><title>A page</title><script src="/walk.js"></script>';
  const page = await stage.browser.newPage();
  const headers = { 'content-security-policy': stage.policy };
  await page.goto(stage.serve('/walk', { type: 'text/html', body, headers }));
  expect(await page.evaluate(`walk(${JSON.stringify(await stop(4))})`)).toEqual(expected);
  await page.close();
});
