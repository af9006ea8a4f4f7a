/** The examples of docs/examples/widget, run as they stand: only the edge's address is put in. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { denoProgram } from '../../scripts/edge/deno.ts';
import { styleAsText } from '../../scripts/pages.ts';
import { root, venvProgram } from '../../scripts/setup/paths.mjs';
import { startInferenceServer } from '../worker/inference-server.ts';
import { Stage } from './stage.ts';

const FOLDER = join(root, 'docs/examples/widget');
const SECRET = 'a secret of thirty-two characters';

const inference = await startInferenceServer();
const stage = new Stage({ INFERENCE_URL: inference.url });
beforeAll(async () => {
  await stage.start();
  await stage.project.createDomain({ id: 'support-tone', holdOut: 0 });
  const key = { kid: 'mine', algorithm: 'HS256', secret: SECRET };
  await stage.edge.get('POST', '/v1/signing-keys', { bearer: stage.project.admin, body: key });
});
afterAll(() => Promise.all([stage.stop(), inference.close()]));

const env = () => ({
  ...process.env,
  PREFLOOP_PROJECT: stage.project.id,
  PREFLOOP_KID: 'mine',
  PREFLOOP_SECRET: SECRET,
});

async function sign(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, [...args, 'emma'], { env: env(), cwd: FOLDER });
  return stdout.trim();
}

const example = async (name: string) =>
  (await readFile(join(FOLDER, name), 'utf8')).replaceAll('https://edge.example.com', stage.edge.url);

/** Serves a page with the token that the example's own server would sign. */
async function open(files: Record<string, { type: string; body: string }>) {
  const token = await sign(process.execPath, 'sign-token.mjs');
  stage.serve('/prefloop-token', { type: 'text/plain', body: token });
  const policy = stage.policy.replace('connect-src', "connect-src 'self'");
  for (const [path, file] of Object.entries(files)) {
    stage.serve(path, { ...file, headers: { 'content-security-policy': policy } });
  }
  const page = await stage.browser.newPage();
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  await page.goto(`${stage.origin}${Object.keys(files)[0]}`);
  return { page, said };
}

describe('a user token', () => {
  it.each([
    ['Node', () => sign(process.execPath, 'sign-token.mjs')],
    ['Deno', () => sign(denoProgram(), 'run', '--no-config', '--allow-env', 'sign-token.deno.ts')],
    ['Python', () => sign(venvProgram('python'), 'sign_token.py')],
  ])('signed with %s in ten lines is good for votes', async (_, signed) => {
    const body = { domain: 'support-tone', prompt: { messages: [{ role: 'user', content: 'Hello?' }] } };
    const answer = await stage.edge.call('POST', '/v1/comparisons', { bearer: await signed(), body });
    expect(answer.status).toBe(201);
  });

  it.each(['sign-token.mjs', 'sign-token.deno.ts', 'sign_token.py'])('takes ten lines in %s', async (name) => {
    const lines = (await example(name)).split('\n').filter((line) => line.trim() !== '' && !/^(\/\/|#)/.test(line));
    expect(lines.length).toBeLessThanOrEqual(10);
  });
});

describe('the page', () => {
  it('of plain HTML collects a vote', async () => {
    const { page, said } = await open({
      '/plain.html': { type: 'text/html', body: await example('plain.html') },
      '/plain.js': { type: 'text/javascript', body: await example('plain.js') },
    });
    await page.getByLabel('Why?').fill('It is polite.');
    await page.getByRole('button', { name: 'Prefer answer 1' }).click();
    await expect.poll(() => said, { timeout: 10_000 }).toContainEqual(expect.stringContaining('the edge has the vote'));
    const vote = (await stage.votes()).at(-1);
    expect(vote).toMatchObject({ user: 'emma', reason: 'It is polite.', domain: 'support-tone' });
    await page.close();
  });

  it('with React collects one vote after another', async () => {
    const { outputFiles } = await build({
      stdin: { contents: await example('react.tsx'), loader: 'tsx', resolveDir: root },
      alias: { '@prefloop/widget/react': join(root, 'worker/widget/react.ts') },
      plugins: [styleAsText],
      bundle: true,
      write: false,
      jsx: 'automatic',
      define: { 'process.env.NODE_ENV': '"production"' },
      logLevel: 'silent',
    });
    const body = '<!doctype html><title>React</title><div id="root"></div><script src="/react.js"></script>';
    const { page, said } = await open({
      '/react.html': { type: 'text/html', body },
      '/react.js': { type: 'text/javascript', body: outputFiles?.[0]?.text ?? '' },
    });
    await page.getByText('Where is my parcel?').waitFor();
    await page.getByRole('button', { name: 'Prefer answer 2' }).click();
    await page.getByText('Can I return it?').waitFor();
    await page.getByRole('button', { name: 'Prefer answer 3' }).click();
    await page.getByText('That was all. Thank you!').waitFor();
    await expect.poll(() => said.filter((line) => line.includes('has the vote')), { timeout: 15_000 }).toHaveLength(2);
    await page.close();
  });
});
