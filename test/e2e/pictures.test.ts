/** The whole loop for pictures: drawn by the model, voted on, learned from, drawn again, for everybody and for one person. */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uuidv7 } from '../../shared/math/uuidv7.ts';
import { TestEdge, type TestProject } from '../worker/hosts.ts';
import { RunnerProcess } from './runner-process.ts';
import { freePort, runCommand, serve } from './serve-process.ts';

const MINUTES = 60_000;
const MODEL = ['--model', 'tiny-diffusion'];
const edge = new TestEdge('workers', {});
let folder = '';
let project: TestProject;
let server: ChildProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prefloop-pictures-'));
  const port = await freePort();
  await edge.start({ INFERENCE_URL: `http://127.0.0.1:${port}` });
  project = await edge.createProject();
  server = await serve('tiny-diffusion', edge.url, project.admin, port);
}, 3 * MINUTES);

afterAll(async () => {
  server?.kill('SIGKILL');
  await edge.stop();
  await rm(folder, { recursive: true, force: true });
});

const admin = (method: string, path: string, body?: unknown) => edge.get(method, path, { bearer: project.admin, body });

/** Deals so many comparisons of k pictures to a user, who picks the first of each. */
async function vote(domain: string, user: string, count: number, k = 2) {
  const bearer = await project.createUserToken(user);
  for (let n = 0; n < count; n++) {
    const asked = { domain, prompt: { text: `a creature, on ${['snow', 'sand', 'grass'][n % 3]}` }, k, seed: 100 * n };
    const { id, candidates, assignment } = await edge.get('POST', '/v1/comparisons', { bearer, body: asked });
    expect(candidates.map(({ content }: { content: { type: string } }) => content.type)).toEqual(
      new Array(k).fill('image'),
    );
    const choice = { type: 'pair', chosen: candidates[0].id };
    await edge.get('POST', '/v1/preferences', { bearer, body: { id: uuidv7(), comparison: id, choice, assignment } });
  }
  return bearer;
}

async function learn(domain: string) {
  const runner = new RunnerProcess(edge.url, project.admin, folder, [...MODEL, '--domains', domain, '--once']);
  expect((await runner.ended).code, runner.said()).toBe(0);
  return admin('GET', `/v1/domains/${domain}/stats`);
}

/** What was drawn, as it is shown. */
async function show(url: string): Promise<Buffer> {
  const response = await fetch(url);
  expect(response.headers.get('content-type')).toBe('image/png');
  return Buffer.from(await response.arrayBuffer());
}

const limits = { baseModel: 'tiny-diffusion', batchSize: 4, maxWaitSeconds: 0, holdOut: 0 };
const small = { rank: 2, loraAlpha: 4, microBatch: 2, learningRate: 0.01 };

describe('pictures', () => {
  it('are drawn otherwise once votes on them were learned from', { timeout: 5 * MINUTES }, async () => {
    await project.createDomain({ id: 'sprites', ...limits, recipe: { method: 'diffusion-dpo', ...small } });
    const bearer = await vote('sprites', 'anna', 4);
    const request = { model: 'sprites', prompt: 'a small red creature', seed: 5, steps: 8 };
    const draw = () => edge.call('POST', '/v1/images/generations', { bearer, body: request });
    const before = await draw();
    expect(before.headers.get('x-prefloop-adapter')).toBe('base');

    const { domain, preferences, adapters } = await learn('sprites');
    expect(preferences.consumed).toBe(4);
    expect(domain.live).toBe(adapters[0].sha);
    expect(adapters[0].gates.map(({ name }: { name: string }) => name)).toEqual(['accuracy', 'displacement']);
    const after = await draw();
    expect(after.headers.get('x-prefloop-adapter')).toBe(domain.live);
    const [one, other] = await Promise.all([before, after].map(({ body }) => show(body.data[0].url)));
    expect(one?.equals(other as Buffer)).toBe(false);
  });

  it('are drawn for one person from that person’s votes, with no training in between', {
    timeout: 5 * MINUTES,
  }, async () => {
    await project.createDomain({
      id: 'tastes',
      ...limits,
      recipe: { method: 'ppd', microBatch: 2, priorPrecision: 0.01 },
    });
    const encoder = join(folder, 'encoder');
    const size = ['--steps', '3', '--people', '8', '--support', '4', '--threads', '1'];
    await runCommand('fit-encoder', '--world', 'tiny', '--domain', 'tastes', '--out', encoder, ...size);
    for (const name of ['encoder.onnx', 'encoder.safetensors']) {
      const said = JSON.parse(await readFile(join(encoder, 'encoder.json'), 'utf8'));
      const { sha256 } = said.files.find((file: { name: string }) => file.name === name);
      const raw = new Uint8Array(await readFile(join(encoder, name)));
      const headers = { 'content-type': 'application/octet-stream' };
      const path = `/v1/adapters/files/${sha256}?name=${name}`;
      expect((await edge.call('PUT', path, { bearer: project.admin, raw, headers })).status).toBe(201);
    }
    const { encoder: published } = await admin(
      'POST',
      '/v1/encoders',
      JSON.parse(await readFile(join(encoder, 'encoder.json'), 'utf8')),
    );
    await admin('PUT', '/v1/domains/tastes/encoder', { encoder: published.sha });

    await vote('tastes', 'anna', 2, 4);
    await vote('tastes', 'ben', 2, 4);
    const { domain, adapters } = await learn('tastes');
    expect(domain.live).toBe(adapters[0].sha);
    expect(adapters[0].encoder).toBe(published.sha);

    const cleo = await vote('tastes', 'cleo', 2, 4);
    const request = { model: 'tastes', prompt: 'a creature', seed: 5, steps: 8 };
    const mine = await edge.get('POST', '/v1/images/generations', { bearer: cleo, body: request });
    expect(mine.personal).toEqual({ encoder: published.sha, votes: 2 });
    const everybodys = { ...request, personal: false };
    const theirs = await edge.get('POST', '/v1/images/generations', { bearer: cleo, body: everybodys });
    expect(theirs.personal).toBeNull();
    expect((await show(mine.data[0].url)).equals(await show(theirs.data[0].url))).toBe(false);
    const blend = [
      { reward: 'cosy', weight: 0.5 },
      { reward: 'royal', weight: 0.5 },
    ];
    const blended = await edge.get('POST', '/v1/images/generations', { bearer: cleo, body: { ...request, blend } });
    expect(blended.personal).toEqual({ encoder: published.sha, votes: 0 });
  });
});
