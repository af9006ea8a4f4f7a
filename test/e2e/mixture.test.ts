/** Personal replies, from people's votes to answers: the commands an operator runs, and the real edge and server. */
import type { ChildProcess } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PERSONAL, publishBasis } from '../../scripts/demo/personal.ts';
import { type Client, createClient } from '../../shared/client/client.ts';
import { runPrefloop } from '../shared/cli/run-prefloop.ts';
import { TestEdge, type TestProject } from '../worker/hosts.ts';
import { freePort, runCommand, serve } from './serve-process.ts';

const PATIENT = { timeout: 120_000 };
const DOMAIN = 'replies';
const NAMES = ['warmth', 'length'];
const basis = NAMES.map((name) => join(PERSONAL, 'replies', name));
const edge = new TestEdge('workers', {});
let folder = '';
let project: TestProject;
let admin: Client;
let server: ChildProcess;
/** As the edge calls the adapters of the basis. */
let shas: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prefloop-mixture-'));
  const port = await freePort();
  await edge.start({ INFERENCE_URL: `http://127.0.0.1:${port}` });
  project = await edge.createProject();
  admin = createClient({ edge: edge.url, token: project.admin });
  await project.createDomain({ id: DOMAIN, holdOut: 0, maxTokens: 120, temperature: 0.7 });
  server = await serve('tiny', edge.url, project.admin, port);
  const { fingerprint } = (await (await fetch(`http://127.0.0.1:${port}/health`)).json()) as { fingerprint: string };
  const place = { domain: DOMAIN, baseModel: 'tiny', recipe: { method: 'dpo' }, baseFingerprint: fingerprint } as const;
  shas = [];
  for (const each of basis) shas.push(await publishBasis(admin, each, place));
}, 120_000);

afterAll(async () => {
  server?.kill('SIGKILL');
  await edge.stop();
  await rm(folder, { recursive: true, force: true });
});

const file = (name: string) => join(folder, name);

async function prefloop(...args: string[]): Promise<string> {
  const ended = await runPrefloop(args, { PREFLOOP_EDGE: edge.url, PREFLOOP_KEY: project.admin });
  expect(ended.code, ended.stderr).toBe(0);
  return ended.stdout;
}

const PRODUCTS = ['kettle', 'toaster', 'lamp', 'radio'];
const warm = (product: string) =>
  `Hi there, lovely to hear from you! Oh no, your poor ${product}!\n1. Just check the plug.\n2. Maybe try another socket.\nTell me how it goes, I am here for you!`;
const plain = (product: string) => `Hello. The plug is often loose.\n1. Check the plug of the ${product}.`;

/** Somebody's votes on replies from elsewhere, as TRL's rows. */
function rowsOf(user: string, [chosen, rejected]: [typeof warm, typeof warm]) {
  return PRODUCTS.map((product) => ({
    prompt: `My ${product} will not turn on.`,
    chosen: chosen(product),
    rejected: rejected(product),
    user,
  }));
}

const lines = (rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const importing = ['--format', 'trl', '--domain', DOMAIN, '--user', 'user', '--chat'];

/** Picks the longer or the shorter of two replies of the domain's model, so many times. */
async function pick(user: string, longer: boolean, times: number): Promise<Client> {
  const client = createClient({ edge: edge.url, token: await project.createUserToken(user) });
  for (let n = 0; n < times; n++) {
    const messages = [{ role: 'user' as const, content: `My ${PRODUCTS[n % 4]} gets too hot.` }];
    const { id, candidates, assignment } = await client.createComparison({
      domain: DOMAIN,
      prompt: { messages },
      seed: 10 * n,
    });
    const lengthOf = ({ content }: (typeof candidates)[number]) => (content.type === 'text' ? content.text.length : 0);
    const [longest, shortest] = [...candidates].sort((a, b) => lengthOf(b) - lengthOf(a));
    const chosen = (longer ? longest : shortest)?.id ?? '';
    await client.createPreference({ comparison: id, choice: { type: 'pair', chosen }, assignment });
  }
  return client;
}

describe('a personal mixture', () => {
  it('is fitted to votes that were there before it, published, and answers each person', PATIENT, async () => {
    const people = ['p1', 'p2', 'p3', 'p4'].flatMap((user) => rowsOf(user, [warm, plain]));
    await writeFile(file('earlier.jsonl'), lines([...people, ...rowsOf('p5', [plain, warm])]));
    await prefloop('import', file('earlier.jsonl'), ...importing);
    await prefloop('export', '--domain', DOMAIN, '--format', 'trl', '--columns', 'user', '--out', file('votes.jsonl'));
    await appendFile(file('votes.jsonl'), lines(rowsOf('cleo', [plain, warm])));
    const seen = ['--data', file('votes.jsonl'), '--out', file('seen.jsonl'), '--votes', file('fit.jsonl')];
    await runCommand('log-ratios', '--basis', ...basis, ...seen, '--chat', '--threads', '1');
    const named = NAMES.map((name, k) => `${name}=${shas[k]}`);
    const fitting = ['--votes', file('fit.jsonl'), '--basis', ...named, '--domain', DOMAIN, '--out', file('mixture')];
    expect(await runCommand('fit-mixture', ...fitting)).toContain('people 6 · votes 24');
    await prefloop('encoders', 'publish', file('mixture'), '--use');

    const anna = await pick('anna', true, 3);
    const ben = await pick('ben', false, 3);
    const [hers, his] = [await anna.getEmbedding('anna', DOMAIN), await ben.getEmbedding('ben', DOMAIN)];
    for (const each of [hers, his])
      expect(each).toMatchObject({ kind: 'mixture', votes: 3, unusable: [], tokens: 1, width: 2 });
    const [weights, others] = [hers.values, his.values];
    expect(weights[1]).toBeGreaterThan(others[1] ?? Number.NaN);

    const messages = [{ role: 'user' as const, content: 'My lamp makes a loud noise.' }];
    const request = { model: DOMAIN, messages, seed: 3, temperature: 0 };
    const answers = [
      await anna.chat(request),
      await ben.chat(request),
      await anna.chat({ ...request, personal: false }),
    ];
    expect(answers.map(({ adapter }) => adapter)).toEqual(['mixture', 'mixture', null]);
    const [toAnna, toBen, toAll] = answers.map(({ completion }) => completion.choices[0]?.message.content ?? '');
    expect(new Set([toAnna, toBen, toAll]).size).toBe(3);
  });

  it('takes what imported votes say, when their log-ratios came with them', PATIENT, async () => {
    const seen = (await readFile(file('seen.jsonl'), 'utf8')).split('\n').filter((line) => line.includes('"cleo"'));
    await writeFile(file('later.jsonl'), seen.join('\n'));
    await prefloop('import', file('later.jsonl'), ...importing, '--features', 'features');
    const cleo = await admin.getEmbedding('cleo', DOMAIN);
    expect(cleo).toMatchObject({ votes: 4, unusable: [] });
    // p1's votes came without, so all that is known is what people have in common.
    const p1 = await admin.getEmbedding('p1', DOMAIN);
    expect(p1).toMatchObject({ votes: 0, unusable: PRODUCTS.map(() => ({ reason: 'noFeatures' })) });
    expect(cleo.values[0]).toBeLessThan(p1.values[0] ?? Number.NaN);
  });
});
