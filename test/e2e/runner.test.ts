/** One real runner and the real edge: what becomes of batches that do not simply succeed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestEdge, type TestProject } from '../worker/hosts.ts';
import { RunnerProcess } from './runner-process.ts';

const MINUTES = 60_000;
const edge = new TestEdge('deno', {});
const started: RunnerProcess[] = [];
let caches = '';

beforeAll(async () => {
  caches = await mkdtemp(join(tmpdir(), 'prefloop-e2e-'));
  await edge.start();
});
afterAll(async () => {
  for (const runner of started) runner.signal('SIGKILL');
  await edge.stop();
  await rm(caches, { recursive: true, force: true });
});

function runner({ admin }: TestProject, ...options: string[]): RunnerProcess {
  started.push(new RunnerProcess(edge.url, admin, caches, options));
  return started.at(-1) as RunnerProcess;
}

let votes = 0;

/** `count` votes; `asked` makes the prompt of vote n. */
async function vote({ admin }: TestProject, domain: string, count: number, asked = (n: number) => `Parcel ${n}?`) {
  const id = (kind: string, n: number) => `h${kind}${n.toString(16).padStart(39, '0')}`;
  const items = Array.from({ length: count }, () => {
    votes += 1;
    const texts = [`Your parcel ${votes} is on its way.`, `No idea about ${votes}.`];
    const candidates = texts.map((text, i) => ({ id: id('bc'[i] as string, votes), content: { type: 'text', text } }));
    const prompt = { messages: [{ role: 'user', content: asked(votes) }] };
    return {
      id: id('a', votes),
      comparison: { domain, prompt, candidates },
      choice: { type: 'pair', chosen: id('b', votes) },
    };
  });
  await edge.get('POST', '/v1/preferences/bulk', { bearer: admin, body: { items } });
}

/** `count` ratings of three answers each, to prompts with a topic and a known answer. */
async function rate({ admin }: TestProject, domain: string, count: number) {
  const id = (kind: string) => `h${kind}${votes.toString(16).padStart(39, '0')}`;
  const items = Array.from({ length: count }, () => {
    votes += 1;
    const texts = [`Your parcel ${votes} is on its way.`, `Wait for ${votes}.`, `No idea about ${votes}.`];
    const candidates = texts.map((text, i) => ({ id: id('bcd'[i] as string), content: { type: 'text', text } }));
    const messages = [{ role: 'user', content: `Parcel ${votes}?` }];
    const prompt = { messages, topic: `topic-${votes % 2}`, answer: texts[0] };
    const ratings = candidates.map((candidate, i) => ({ candidate: candidate.id, rating: 3 - i }));
    return {
      id: id('a'),
      comparison: { domain, kind: 'rating', prompt, candidates },
      choice: { type: 'rating', ratings },
    };
  });
  await edge.get('POST', '/v1/preferences/bulk', { bearer: admin, body: { items } });
}

const recipe = { method: 'dpo', rank: 2, loraAlpha: 4, microBatch: 2, maxLength: 200 };
const limits = { recipe, batchSize: 4, maxWaitSeconds: 0, maxAttempts: 2, holdOut: 0, leaseSeconds: 120 };

describe('a runner', () => {
  it('serves every domain of its base, whatever one of them is like', { timeout: 3 * MINUTES }, async () => {
    const project = await edge.createProject();
    const domain = (id: string, input: object = {}) => project.createDomain({ id, ...limits, ...input });
    await domain('plain');
    await domain('endless');
    await domain('strict', { gates: { maxKl: 1e-9, minAccuracy: 0.6 } });
    await domain('broken', { recipe: { ...recipe, targets: ['no_such_layer'] } });
    await domain('foreign', { baseModel: 'another-model' });
    await vote(project, 'plain', 8);
    await vote(project, 'endless', 4, (n) => `${n} `.repeat(400));
    for (const id of ['strict', 'broken', 'foreign']) await vote(project, id, 4);

    const ended = runner(project, '--until-idle', '1');
    expect((await ended.ended).code, ended.said()).toBe(0);
    const stats = async (id: string) => edge.get('GET', `/v1/domains/${id}/stats`, { bearer: project.admin });

    const plain = await stats('plain');
    expect(plain.preferences.consumed).toBe(8);
    expect(plain.adapters.map((adapter: { stage: string }) => adapter.stage)).toEqual(['retired', 'live']);
    expect(plain.domain.live).toBe(plain.domain.head);

    const endless = await stats('endless');
    expect(endless).toMatchObject({ notTrainable: { tooLong: 4 }, batches: { completed: 1 }, domain: { head: null } });

    const strict = await stats('strict');
    expect(strict.domain).toMatchObject({ live: null, head: strict.adapters[0].sha });
    expect(strict.adapters[0].stage).toBe('staged');
    const failed = strict.adapters[0].gates.filter((gate: { passed: boolean }) => !gate.passed);
    expect(failed.map((gate: { name: string }) => gate.name)).toEqual(['accuracy', 'kl']);
    expect(failed[0].reason).toContain('no held-out preference');
    expect(failed[1].reason).toContain('nats per token away from the base');

    expect(await stats('broken')).toMatchObject({ preferences: { quarantined: 4 }, batches: { quarantined: 1 } });
    const { items } = await edge.get('GET', '/v1/batches?domain=broken', { bearer: project.admin });
    expect(items[0]).toMatchObject({ attempts: 2, error: expect.stringContaining('no linear layer is called') });

    expect(await stats('foreign')).toMatchObject({ preferences: { waiting: 4 } });
  });

  it('gives its batch back at once when it is told to stop', { timeout: 2 * MINUTES }, async () => {
    const project = await edge.createProject();
    await project.createDomain({ id: 'long', ...limits, recipe: { ...recipe, epochs: 50 }, batchSize: 40 });
    await vote(project, 'long', 40);
    const stopped = runner(project);
    await stopped.saw('leased');
    stopped.signal('SIGTERM');
    expect((await stopped.ended).code, stopped.said()).toBe(0);
    const { items } = await edge.get('GET', '/v1/batches?domain=long', { bearer: project.admin });
    expect(items[0]).toMatchObject({ state: 'ready', error: 'the runner was stopped', preferences: expect.any(Array) });
    expect(items[0].preferences).toHaveLength(40);
  });

  it('does not start for a domain of another base model', { timeout: 2 * MINUTES }, async () => {
    const project = await edge.createProject();
    await project.createDomain({ id: 'foreign', ...limits, baseModel: 'another-model' });
    const refused = runner(project, '--domains', 'foreign');
    expect((await refused.ended).code).toBe(3);
    expect(refused.said()).toContain('domain foreign belongs to the base model another-model, this runner holds tiny');
  });

  it('trains every method batch after batch, each on the votes that it can use', { timeout: 5 * MINUTES }, async () => {
    const project = await edge.createProject();
    const { method: _, ...lora } = recipe;
    const short = { samples: 2, maxTokens: 24 };
    const recipes: Record<string, object> = {
      'flex-dpo': {},
      'ln-dpo': {},
      simpo: {},
      asft: {},
      orpo: {},
      srpo: { maxLength: 400 },
      sft: {},
      'curry-dpo': { stages: 2 },
      'cofs-dpo': { fitSteps: 2 },
      mrdpo: { rounds: 2, ...short, resample: false },
      egida: { ...short, judge: { type: 'refusal' } },
      ppo: { maxTokens: 24 },
    };
    for (const [method, fields] of Object.entries(recipes)) {
      await project.createDomain({ id: method, ...limits, recipe: { method, ...lora, ...fields } });
      await rate(project, method, 8);
    }
    const ended = runner(project, '--until-idle', '1');
    expect((await ended.ended).code, ended.said()).toBe(0);
    for (const method of Object.keys(recipes)) {
      const stats = await edge.get('GET', `/v1/domains/${method}/stats`, { bearer: project.admin });
      expect([method, stats.preferences.consumed, stats.adapters.length], ended.said()).toEqual([method, 8, 2]);
    }
  });

  it('says of votes that came under another recipe why they are of no use now', { timeout: 2 * MINUTES }, async () => {
    const project = await edge.createProject();
    await project.createDomain({ id: 'changed', ...limits });
    await vote(project, 'changed', 4);
    const patch = { recipe: { method: 'curry-dpo', rank: 2, loraAlpha: 4 } };
    await edge.get('PATCH', '/v1/domains/changed', { bearer: project.admin, body: patch });
    const ended = runner(project, '--until-idle', '1');
    expect((await ended.ended).code, ended.said()).toBe(0);
    const stats = await edge.get('GET', '/v1/domains/changed/stats', { bearer: project.admin });
    expect(stats).toMatchObject({ notTrainable: { needsRanking: 4 }, batches: { completed: 1 } });
  });
});
