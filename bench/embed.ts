/**
 * How long a person's embedding takes on workerd, over HTTP: after each new vote the newest 64 are run through the network
 * (warm; inside: within the Worker), beside a request that asks for nothing (hop), and the same in a process that has just begun
 * (cold). With --parity also what it says, beside what PyTorch said of the same votes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnEdge } from '../scripts/edge/spawn.ts';
import { defineCommand } from '../shared/cli/command.ts';
import { type EncoderFolder, publishEncoder, readEncoderFolder } from '../shared/cli/encoder-folder.ts';
import { describeMachine, type Figure, formatCommand, writeSummary } from '../shared/cli/summary.ts';
import { createClient } from '../shared/client/client.ts';
import type { SetEncoderInput } from '../shared/contracts/encoder.ts';
import { quantile } from '../shared/math/quantile.ts';
import { seededRandom } from '../shared/math/random.ts';
import { makeFolder } from './embed/made-folder.ts';
import { measureParity, readSets } from './embed/parity.ts';
import { featureVote } from './embed/votes.ts';

const ROOT_KEY = 'root-key-of-the-bench';
const DOMAIN = 'pictures';
const WARM_UP = 20;

const declaration = {
  name: 'npm run bench -- embed',
  summary: 'Time of a person’s embedding on workerd: after each new vote, and as the first thing a process does.',
  options: {
    encoder: {
      type: 'text',
      value: 'FOLDER',
      help: 'A published set encoder. Default: a made-up one, 256 features to 4 × 32.',
    },
    votes: { type: 'integer', value: 'N', help: 'New votes, each followed by a read.', default: 300, min: 1 },
    starts: { type: 'integer', value: 'N', help: 'Fresh processes; the median is reported.', default: 5, min: 1 },
    parity: {
      type: 'text',
      value: 'FILE',
      help: 'Votes and what they gave elsewhere: {sets: [{chosen, rejected, weight, embedding, uncertainty}]}.',
    },
    json: { type: 'text', value: 'FILE', help: 'Write the figures as JSON.' },
  },
} as const;

const command = defineCommand(declaration, async (values) => {
  const folder = values.encoder ? await readEncoderFolder(values.encoder, DOMAIN) : makeFolder(DOMAIN);
  const sets = values.parity ? readSets(await readFile(values.parity, 'utf8')) : [];
  const persist = mkdtempSync(join(tmpdir(), 'prefloop-embed-'));
  try {
    const { figures, key } = await measureWarm(persist, folder, values.votes, sets);
    figures.cold = await measureCold(persist, key, values.starts);
    if (values.json) {
      const words = ['npm', 'run', 'bench', '--', 'embed', ...process.argv.slice(3)];
      const facts = { name: 'embed', command: formatCommand(words), machine: describeMachine(), seeds: [0] };
      await writeSummary(values.json, { ...facts, figures });
    }
    for (const [name, figure] of Object.entries(figures)) console.log(`${name.padEnd(12)} ${describe(figure)}`);
    const last =
      figures.parity === undefined
        ? ''
        : `, ${(figures.parity as number).toExponential(1)} from what was said elsewhere`;
    console.log(
      `\nAn embedding takes ${describe(figures['warm.p50'])} ms, the first one ${describe(figures.cold)} ms${last}.`,
    );
  } finally {
    rmSync(persist, { recursive: true, force: true });
  }
});

export const main = command.run;

function describe(figure: Figure | undefined): string {
  const value = typeof figure === 'number' ? figure : (figure?.value ?? Number.NaN);
  return Math.abs(value) < 0.01 ? value.toExponential(1) : value.toFixed(2);
}

async function measureWarm(persist: string, folder: EncoderFolder, votes: number, sets: ReturnType<typeof readSets>) {
  const edge = await spawnEdge({ host: 'workers', persist, settings: { ROOT_KEY }, direct: true });
  try {
    const { adminKey } = await createClient({ edge: edge.url, token: ROOT_KEY }).createProject({ id: 'bench' });
    const client = createClient({ edge: edge.url, token: adminKey, retries: 0 });
    await client.createDomain({ id: DOMAIN, baseModel: 'tiny', recipe: { method: 'dpo' } });
    const { encoder } = await publishEncoder(client, folder);
    await client.chooseEncoder(DOMAIN, encoder.sha);
    const { space, featureSize } = encoder as SetEncoderInput;
    const random = seededRandom(0);
    const vector = () => Array.from({ length: featureSize }, () => 2 * random() - 1);
    const [whole, inside, alone, hops]: [number[], number[], number[], number[]] = [[], [], [], []];
    for (let index = 0; index < votes + WARM_UP; index++) {
      await client.createPreference(
        featureVote({ domain: DOMAIN, user: 'anna', space, chosen: vector(), rejected: vector() }),
      );
      const read = await readEmbedding(edge.url, adminKey);
      const hop = await askForNothing(edge.url, adminKey);
      if (index < WARM_UP) continue;
      hops.push(hop);
      whole.push(read.milliseconds);
      inside.push(read.inside);
      alone.push(read.network);
    }
    const figures: Record<string, Figure> = {};
    for (const [name, times] of [
      ['warm', whole],
      ['inside', inside],
      ['run', alone],
      ['hop', hops],
    ] as const) {
      figures[`${name}.p50`] = quantile(times, 0.5);
      figures[`${name}.p99`] = quantile(times, 0.99);
    }
    if (sets.length > 0) figures.parity = await measureParity(client, DOMAIN, space, sets);
    // The next process has votes that it has not seen.
    await client.createPreference(
      featureVote({ domain: DOMAIN, user: 'anna', space, chosen: vector(), rejected: vector() }),
    );
    return { figures, key: adminKey };
  } finally {
    await edge.stop();
  }
}

/** The first embedding of a process that has answered something before: its WebAssembly, the file, the session, the run. */
async function measureCold(persist: string, key: string, starts: number): Promise<Figure> {
  const times: number[] = [];
  for (let start = 0; start < starts; start++) {
    const edge = await spawnEdge({ host: 'workers', persist, settings: { ROOT_KEY }, direct: true });
    try {
      const client = createClient({ edge: edge.url, token: key, retries: 0 });
      const { encoder } = await client.getDomain(DOMAIN);
      const { space, featureSize } = (await client.getEncoder(encoder ?? '')).encoder;
      const vector = new Array<number>(featureSize).fill(0.5);
      const vote = featureVote({
        domain: DOMAIN,
        user: 'anna',
        space,
        chosen: vector,
        rejected: vector.map((x) => -x),
      });
      await client.createPreference(vote);
      times.push((await readEmbedding(edge.url, key)).milliseconds);
    } finally {
      await edge.stop();
    }
  }
  return { value: quantile(times, 0.5), low: Math.min(...times), high: Math.max(...times), n: times.length };
}

/** Milliseconds of a request that is let in and finds nothing: no database, no network. */
async function askForNothing(url: string, key: string): Promise<number> {
  const { milliseconds, status } = await timeRequest(`${url}/v1/nothing`, key);
  if (status !== 404) throw new Error(`the edge answered ${status} where there is nothing`);
  return milliseconds;
}

/** milliseconds: the whole request. As the edge says it, inside: from the votes to the embedding, network: the run alone. */
async function readEmbedding(
  url: string,
  key: string,
): Promise<{ milliseconds: number; inside: number; network: number }> {
  const path = `${url}/v1/users/anna/embedding?domain=${DOMAIN}`;
  const { milliseconds, status, timing } = await timeRequest(path, key);
  const [network, inside] = ['encoder', 'embedding'].map((name) =>
    Number(new RegExp(`${name};dur=([\\d.]+)`).exec(timing)?.[1]),
  ) as [number, number];
  if (status !== 200 || Number.isNaN(network + inside))
    throw new Error(`the edge answered ${status} and ran no network`);
  return { milliseconds, inside, network };
}

/** Until the answer has been read to its end, on a connection that is kept. Past `fetch`, which takes half a millisecond for itself. */
function timeRequest(url: string, key: string): Promise<{ milliseconds: number; status: number; timing: string }> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const request = get(url, { headers: { authorization: `Bearer ${key}` } }, (response) => {
      response.resume();
      response.once('error', reject);
      response.once('end', () => {
        const milliseconds = performance.now() - started;
        const timing = String(response.headers['server-timing'] ?? '');
        resolve({ milliseconds, status: response.statusCode ?? 0, timing });
      });
    });
    request.once('error', reject);
  });
}
