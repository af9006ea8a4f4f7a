/**
 * The real edge and real runners as processes. Whatever happens to a runner, every vote is trained on exactly once and
 * the line of adapters comes out as if nothing had happened.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdapterList, AdapterRecord } from '../../shared/contracts/adapter.ts';
import type { Batch } from '../../shared/contracts/batch.ts';
import type { Domain } from '../../shared/contracts/domain.ts';
import type { Preference } from '../../shared/contracts/preference.ts';
import { seededRandom } from '../../shared/math/random.ts';
import { TestEdge, type TestProject } from '../worker/hosts.ts';
import { RunnerProcess } from './runner-process.ts';

const VOTES = 60;
const SEED = 7;
const MINUTES = 60_000;
// Two of them: the split depends on the project's id, so that equal lines need equal ids.
const [edge, calmEdge] = [new TestEdge('deno', {}), new TestEdge('deno', {})];
let caches = '';

beforeAll(async () => {
  caches = await mkdtemp(join(tmpdir(), 'prefloop-e2e-'));
  await Promise.all([edge.start(), calmEdge.start()]);
});
afterAll(async () => {
  for (const process of started) process.signal('SIGKILL');
  await Promise.all([edge.stop(), calmEdge.stop()]);
  await rm(caches, { recursive: true, force: true });
});

const id = (kind: string, n: number) => `h${kind}${n.toString(16).padStart(39, '0')}`;

/** The same votes in every project: ids, texts, choices; two of them cannot be trained on, as only a runner can tell. */
function vote(n: number) {
  const asked = n % 20 === 9 ? 'Where is it? '.repeat(400) : `Where is my parcel number ${n}?`;
  const texts = [`Your parcel ${n} is on its way.`, `No idea about ${n}.`];
  return {
    id: id('a', n),
    comparison: {
      domain: 'replies',
      prompt: { messages: [{ role: 'user', content: asked }] },
      candidates: texts.map((text, i) => ({ id: id('bc'[i] as string, n), content: { type: 'text', text } })),
    },
    choice: n % 7 === 3 ? { type: 'tie' } : { type: 'pair', chosen: id(n % 11 === 5 ? 'c' : 'b', n) },
  };
}

type Place = { edge: TestEdge; project: TestProject; cache: string };

async function placeWithVotes(edge: TestEdge, id: string, leaseSeconds: number): Promise<Place> {
  const project = await edge.createProject({ id });
  const recipe = { method: 'ofs-dpo', rank: 4, loraAlpha: 8, microBatch: 2, chasingInterval: 2, maxLength: 200 };
  const limits = { batchSize: 6, maxWaitSeconds: 0, leaseSeconds, maxAttempts: 100, holdOut: 0.2 };
  await project.createDomain({ recipe, ...limits });
  const items = Array.from({ length: VOTES }, (_, n) => vote(n));
  const answer = await edge.get('POST', '/v1/preferences/bulk', { bearer: project.admin, body: { items } });
  expect(answer.created).toBe(VOTES);
  return { edge, project, cache: await mkdtemp(join(caches, 'cache-')) };
}

const started: RunnerProcess[] = [];

function runner({ edge, project, cache }: Place, options: string[], env: Record<string, string> = {}): RunnerProcess {
  const process = new RunnerProcess(edge.url, project.admin, cache, options, env);
  started.push(process);
  return process;
}

/** Everything that was said about the votes, recounted from the lineage and set against the export. */
async function recount({ edge, project }: Place) {
  const read = (path: string) => edge.get('GET', path, { bearer: project.admin });
  const domain: Domain = await read('/v1/domains/replies');
  const votes: Preference[] = (await read('/v1/preferences?domain=replies&limit=500')).items;
  const adapters = new Map<string, AdapterRecord>();
  for (const adapter of ((await read('/v1/adapters?domain=replies')) as AdapterList).items)
    adapters.set(adapter.sha, adapter);
  const batches = new Map<string, Batch>();
  for (const batch of ((await read('/v1/batches?domain=replies')) as { items: Batch[] }).items)
    batches.set(batch.id, batch);

  const line: AdapterRecord[] = [];
  for (let sha = domain.head; sha !== null; sha = line.at(-1)?.parent ?? null) {
    const adapter = adapters.get(sha);
    if (!adapter) throw new Error(`the line of the head runs through ${sha}, which is not listed`);
    line.push(adapter);
  }
  const reported = new Map(votes.map((each) => [each.id, each.notTrainable]));
  const trained = line.flatMap((adapter) =>
    adapter.batches
      .flatMap((batch) => batches.get(batch)?.preferences ?? [])
      .filter((preference) => reported.get(preference) === null)
      .map((preference) => ({ preference, adapter: adapter.sha })),
  );
  return { domain, votes, adapters: [...adapters.values()], batches: [...batches.values()], line, trained };
}

function expectTrainedOnce({ votes, adapters, batches, line, trained }: Awaited<ReturnType<typeof recount>>): void {
  expect(votes).toHaveLength(VOTES);
  const consumed = votes.filter(({ status }) => status === 'consumed');
  const byStatus = Object.groupBy(votes, ({ status }) => status);
  expect(Object.keys(byStatus).sort()).toEqual(['consumed', 'heldOut', 'notTrainable']);
  expect(byStatus.notTrainable?.map(({ notTrainable }) => notTrainable)).toEqual(
    byStatus.notTrainable?.map(() => 'tooLong'),
  );
  // Exactly once: the same votes, none twice, each by the adapter that the export names.
  const pairs = (items: { preference: string; adapter: string | null }[]) =>
    items.map(({ preference, adapter }) => `${preference} ${adapter}`).sort();
  expect(pairs(trained)).toEqual(pairs(consumed.map(({ id: preference, adapter }) => ({ preference, adapter }))));
  expect(new Set(trained.map(({ preference }) => preference)).size).toBe(trained.length);
  // No fork: every adapter is on the one line from the base to the head, one for every batch.
  expect(line).toHaveLength(adapters.length);
  expect(new Set(adapters.map(({ parent }) => parent)).size).toBe(adapters.length);
  expect(batches.every(({ state }) => state === 'completed')).toBe(true);
  expect(line.reduce((sum, { preferences }) => sum + preferences, 0)).toBe(consumed.length);
}

type Blow = { crashAt: string } | { signal: 'SIGKILL' | 'SIGTERM'; afterMs: number };

/** Starts a runner and has it hit; returns how it ended. */
async function strike(place: Place, blow: Blow): Promise<RunnerProcess> {
  if ('crashAt' in blow) {
    const struck = runner(place, [], { PREFLOOP_CRASH_AT: blow.crashAt });
    expect((await struck.ended).signal, struck.said()).toBe('SIGKILL');
    return struck;
  }
  const struck = runner(place, []);
  await struck.saw('leased');
  await sleep(blow.afterMs);
  struck.signal(blow.signal);
  const { code, signal } = await struck.ended;
  expect(signal ?? code, struck.said()).toBe(blow.signal === 'SIGKILL' ? 'SIGKILL' : 0);
  return struck;
}

describe('a runner that is killed again and again', () => {
  it('ends with the adapter of one that never was, and every vote trained on once', {
    timeout: 5 * MINUTES,
  }, async () => {
    const killed = await placeWithVotes(edge, 'votes', 2);
    const calm = await placeWithVotes(calmEdge, 'votes', 60);
    const random = seededRandom(SEED);
    const blows: Blow[] = [
      { crashAt: 'step:2' },
      { crashAt: 'uploaded:1' },
      { crashAt: 'uploaded:3' },
      { crashAt: 'completed:1' },
      ...Array.from({ length: 3 }, () => ({ signal: 'SIGKILL' as const, afterMs: random() * 1500 })),
      { signal: 'SIGTERM', afterMs: random() * 500 },
    ];
    const shuffled = blows.map((blow) => ({ blow, at: random() })).sort((a, b) => a.at - b.at);

    const undisturbed = runner(calm, ['--until-idle', '1']);
    for (const { blow } of shuffled) await strike(killed, blow);
    const last = runner(killed, ['--until-idle', '4']);
    expect((await last.ended).code, last.said()).toBe(0);
    expect((await undisturbed.ended).code, undisturbed.said()).toBe(0);

    const [after, plain] = [await recount(killed), await recount(calm)];
    expectTrainedOnce(after);
    expectTrainedOnce(plain);
    expect(after.batches.some(({ attempts }) => attempts > 1)).toBe(true);
    expect(after.line.map(({ sha }) => sha)).toEqual(plain.line.map(({ sha }) => sha));
  });
});

describe('two runners at one domain', () => {
  it('train one line: the one that is late trains its batch again on the new head', {
    timeout: 3 * MINUTES,
  }, async () => {
    const place = await placeWithVotes(calmEdge, 'shared', 60);
    const [late, other] = [runner(place, ['--until-idle', '1']), runner(place, ['--until-idle', '1'])];
    await late.saw('leased');
    late.signal('SIGSTOP');
    await other.saw('published', 2);
    late.signal('SIGCONT');
    const ends = await Promise.all([late.ended, other.ended]);
    expect(
      ends.map(({ code }) => code),
      late.said() + other.said(),
    ).toEqual([0, 0]);
    expect(late.lines.filter(({ event }) => event === 'staleParent').length).toBeGreaterThan(0);
    expectTrainedOnce(await recount(place));
  });
});
