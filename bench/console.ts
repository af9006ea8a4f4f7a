/**
 * How long every request that the console makes takes on workerd, over HTTP by the session's cookie, in a domain of ten thousand
 * and of a million votes; a vote comes in before each round, so that nothing is answered from memory that a vote makes stale.
 * And what the page weighs.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnEdge } from '../scripts/edge/spawn.ts';
import { defineCommand } from '../shared/cli/command.ts';
import { publishEncoder } from '../shared/cli/encoder-folder.ts';
import { markdownTable, shortNumber } from '../shared/cli/markdown.ts';
import { describeMachine, formatCommand, writeSummary } from '../shared/cli/summary.ts';
import { type Client, createClient } from '../shared/client/client.ts';
import { quantile } from '../shared/math/quantile.ts';
import { seededRandom } from '../shared/math/random.ts';
import { startInferenceServer } from '../test/worker/inference-server.ts';
import { type Measured, measureRequests, signIn, weighPage } from './console/measure.ts';
import { consoleRequests } from './console/requests.ts';
import { BATCH, seedDomain } from './console/seed.ts';
import { makeFolder } from './embed/made-folder.ts';
import { featureVote } from './embed/votes.ts';

const ROOT_KEY = 'root-key-of-the-bench';
const DOMAIN = 'replies';
/** Who has an embedding, and votes with features. */
const TASTE = 'anna';
const TASTE_VOTES = 64;

type Row = { view: string; request: string; votes: string; bytes: number; p50: number; p99: number; most: number };

const declaration = {
  name: 'npm run bench -- console',
  summary:
    'Time of every request that the console makes, with 1e4 and with 1e6 votes in the domain, and the size of its page.',
  options: {
    rounds: { type: 'integer', value: 'N', help: 'Times that each request is made.', default: 100, min: 1 },
    votes: { type: 'text', value: 'N,…', help: 'Votes in the domain.', default: '1e4,1e6' },
    json: { type: 'text', value: 'FILE', help: 'Write the figures as JSON.' },
  },
} as const;

const command = defineCommand(declaration, async (values) => {
  const rows: Row[] = [];
  const figures: Record<string, number> = {};
  let firstLoadBytes = 0;
  for (const size of values.votes.split(',')) {
    const { found, pageBytes } = await measureSize(size, values.rounds);
    rows.push(...found);
    // The slowest request stands for all: a mean over requests would hide it.
    figures[`requestMs.p99.${size}`] = Math.max(...found.map(({ p99 }) => p99));
    firstLoadBytes = pageBytes;
    printRows(found);
  }
  figures.firstLoadBytes = firstLoadBytes;
  if (values.json) {
    const words = ['npm', 'run', 'bench', '--', 'console', ...process.argv.slice(3)];
    const facts = { name: 'console', command: formatCommand(words), machine: describeMachine(), seeds: [0] };
    await writeSummary(values.json, { ...facts, figures, rows });
  }
  for (const [name, figure] of Object.entries(figures)) console.log(`${name.padEnd(20)} ${shortNumber(figure)}`);
});

export const main = command.run;

async function measureSize(size: string, rounds: number): Promise<{ found: Row[]; pageBytes: number }> {
  const persist = mkdtempSync(join(tmpdir(), 'prefloop-console-'));
  // It answers at once: what a model takes comes on top of what the edge does.
  const model = await startInferenceServer();
  const settings = { ROOT_KEY, INFERENCE_URL: model.url };
  const start = () => spawnEdge({ host: 'workers', persist, settings, direct: true });
  try {
    let edge = await start();
    const folder = makeFolder(DOMAIN);
    let key = '';
    let encoder = '';
    try {
      const made = await createClient({ edge: edge.url, token: ROOT_KEY }).createProject({ id: 'bench' });
      key = made.adminKey;
      const client = createClient({ edge: edge.url, token: key });
      const patient = { holdOut: 0.1, batchSize: BATCH, maxWaitSeconds: 86_400 };
      await client.createDomain({ id: DOMAIN, baseModel: 'tiny', recipe: { method: 'dpo' }, ...patient });
      encoder = (await publishEncoder(client, folder)).encoder.sha;
      await client.chooseEncoder(DOMAIN, encoder);
    } finally {
      await edge.stop();
    }
    const began = performance.now();
    const seeded = seedDomain(persist, { project: 'bench', domain: DOMAIN, votes: Number(size) });
    console.log(`${size} votes written in ${Math.round((performance.now() - began) / 1000)} s`);
    edge = await start();
    try {
      const client = createClient({ edge: edge.url, token: key, retries: 0 });
      const vote = voter(client, folder.input.space);
      for (let n = 0; n < TASTE_VOTES; n++) await vote();
      const cookie = await signIn(edge.url, key);
      const facts = {
        domain: DOMAIN,
        person: seeded.person,
        taste: TASTE,
        encoder,
        seq: Math.floor(seeded.newestSeq / 2),
      };
      const requests = consoleRequests(facts);
      const times = await measureRequests(edge.url, cookie, requests, rounds, vote);
      const found = requests.map(({ view, path }, index): Row => {
        const { milliseconds, bytes } = times[index] as Measured;
        const [p50, p99] = [quantile(milliseconds, 0.5), quantile(milliseconds, 0.99)];
        return {
          view,
          request: path.replace(/[0-9a-f]{64}/, '{sha}'),
          votes: size,
          bytes,
          p50,
          p99,
          most: Math.max(...milliseconds),
        };
      });
      return { found, pageBytes: await weighPage(edge.url) };
    } finally {
      await edge.stop();
    }
  } finally {
    await model.close();
    rmSync(persist, { recursive: true, force: true });
  }
}

/** A vote of somebody whose taste is asked for. */
function voter(client: Client, space: string): () => Promise<unknown> {
  const random = seededRandom(0);
  const vector = () => Array.from({ length: 256 }, () => 2 * random() - 1);
  return () =>
    client.createPreference(featureVote({ domain: DOMAIN, user: TASTE, space, chosen: vector(), rejected: vector() }));
}

function printRows(rows: Row[]): void {
  const cells = rows.map(({ view, request, bytes, p50, p99, most }) => [
    view,
    request,
    ...[bytes, p50, p99, most].map(shortNumber),
  ]);
  console.log(`\n${markdownTable(['view', 'request', 'bytes', 'p50', 'p99', 'most'], cells)}\n`);
}
