/**
 * How fast the edge takes votes, on both hosts, started as in production (a process of its own, a real database file):
 * one by one at a steady 50 a second, as people vote, and in bulk calls of 500, as importers do.
 */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HostName, spawnEdge } from '../scripts/edge/spawn.ts';
import { defineCommand } from '../shared/cli/command.ts';
import { describeMachine, formatCommand, writeSummary } from '../shared/cli/summary.ts';
import { type Client, createClient } from '../shared/client/client.ts';
import type { PreferenceInput } from '../shared/contracts/preference.ts';
import { quantile } from '../shared/math/quantile.ts';
import { uuidv7 } from '../shared/math/uuidv7.ts';

const ROOT_KEY = 'root-key-of-the-bench';
const BULK = 500;
/** Comparisons that votes refer to: more than any cache would hold for free, few enough to make quickly. */
const COMPARISONS = 2000;

type Run = { host: HostName; p50: number; p95: number; p99: number; votesPerSecond: number; rowsPerSecond: number };

const declaration = {
  name: 'npm run bench -- ingest',
  summary: 'Latency of single votes at a steady rate, and throughput of bulk calls of 500, on workerd and on Deno.',
  options: {
    runs: { type: 'integer', value: 'N', help: 'Runs of each host; the median is reported.', default: 3, min: 1 },
    seconds: { type: 'integer', value: 'S', help: 'Length of the steady part.', default: 20, min: 2 },
    rate: { type: 'integer', value: 'N', help: 'Votes a second in the steady part.', default: 50, min: 1 },
    bulks: { type: 'integer', value: 'N', help: 'Bulk calls of each kind.', default: 100, min: 1 },
    json: { type: 'text', value: 'FILE', help: 'Write the figures as JSON.' },
  },
} as const;

const command = defineCommand(declaration, async (values) => {
  const fsync = measureFsync();
  console.log(`fsync of this disk: p50 ${fsync.toFixed(2)} ms\n`);
  const runs: Run[] = [];
  for (let run = 0; run < values.runs; run++) {
    for (const host of ['workers', 'deno'] as const) {
      const result = await measureHost(host, values);
      runs.push(result);
      console.log(
        `${host.padEnd(7)} run ${run + 1}: p50 ${result.p50.toFixed(1)}  p95 ${result.p95.toFixed(1)}  p99 ${result.p99.toFixed(1)} ms` +
          `  ·  ${Math.round(result.votesPerSecond)} votes/s  ·  ${Math.round(result.rowsPerSecond)} imported rows/s`,
      );
    }
  }
  const figures: Record<string, number> = { fsyncP50: fsync };
  for (const host of ['workers', 'deno'] as const) {
    const median = (read: (run: Run) => number) => quantile(runs.filter((run) => run.host === host).map(read), 0.5);
    figures[`${host}.p50`] = median((run) => run.p50);
    figures[`${host}.p95`] = median((run) => run.p95);
    figures[`${host}.p99`] = median((run) => run.p99);
    figures[`${host}.batchVotesPerSecond`] = median((run) => run.votesPerSecond);
    figures[`${host}.batchRowsPerSecond`] = median((run) => run.rowsPerSecond);
  }
  // The edge as it is deployed speaks for the edge.
  for (const key of ['p50', 'p95', 'p99', 'batchVotesPerSecond'])
    figures[key] = figures[`workers.${key}`] ?? Number.NaN;
  if (values.json) {
    const words = ['npm', 'run', 'bench', '--', 'ingest', ...process.argv.slice(3)];
    const summary = {
      name: 'ingest',
      command: formatCommand(words),
      machine: describeMachine(),
      seeds: [],
      figures,
      rows: runs,
    };
    await writeSummary(values.json, summary);
  }
  console.log(
    `\nMedians of ${values.runs}: workerd p99 ${figures['workers.p99']?.toFixed(1)} ms, Deno p99 ${figures['deno.p99']?.toFixed(1)} ms; ` +
      `${Math.round(figures['workers.batchVotesPerSecond'] ?? 0)} and ${Math.round(figures['deno.batchVotesPerSecond'] ?? 0)} votes/s in bulk.`,
  );
});

export const main = command.run;

/** Median time of a 4 kB write made durable: what every single vote waits for at least. Milliseconds. */
function measureFsync(): number {
  const folder = mkdtempSync(join(tmpdir(), 'prefloop-fsync-'));
  const file = openSync(join(folder, 'probe'), 'w');
  const block = Buffer.alloc(4096, 1);
  const times = Array.from({ length: 200 }, () => {
    const started = performance.now();
    writeSync(file, block);
    fsyncSync(file);
    return performance.now() - started;
  });
  closeSync(file);
  rmSync(folder, { recursive: true });
  return quantile(times, 0.5);
}

async function measureHost(host: HostName, options: { seconds: number; rate: number; bulks: number }): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'prefloop-ingest-'));
  const edge = await spawnEdge({ host, persist: folder, settings: { ROOT_KEY } });
  try {
    const root = createClient({ edge: edge.url, token: ROOT_KEY });
    const { adminKey } = await root.createProject({ id: 'bench' });
    // A retry would hide a slow answer.
    const client = createClient({ edge: edge.url, token: adminKey, retries: 0 });
    await client.createDomain({ id: 'replies', baseModel: 'tiny', recipe: { method: 'dpo' } });
    const comparisons = await makeComparisons(client);
    const latencies = await voteSteadily(client, comparisons, options);
    return {
      host,
      p50: quantile(latencies, 0.5),
      p95: quantile(latencies, 0.95),
      p99: quantile(latencies, 0.99),
      votesPerSecond: await sendBulks(client, options.bulks, (index) => voteOn(comparisons, index)),
      rowsPerSecond: await sendBulks(client, options.bulks, importedRow),
    };
  } finally {
    await edge.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Known = { id: string; candidates: string[] };

/** Imported rows bring their comparisons along; afterwards votes can refer to them. */
async function makeComparisons(client: Client): Promise<Known[]> {
  const known: Known[] = [];
  for (let start = 0; start < COMPARISONS; start += BULK) {
    const items = Array.from({ length: BULK }, (_, index) => importedRow(start + index));
    await client.createPreferences(items);
  }
  for await (const { comparison } of client.eachPreference({ domain: 'replies', limit: 500 })) {
    known.push({ id: comparison.id, candidates: comparison.candidates.map(({ id }) => id) });
  }
  return known;
}

function voteOn(comparisons: Known[], index: number): PreferenceInput {
  const comparison = comparisons[(index * 7919) % comparisons.length] as Known;
  const chosen = comparison.candidates[index % 2] as string;
  return {
    id: uuidv7(),
    comparison: comparison.id,
    choice: { type: 'pair', chosen, position: index % 2 },
    user: `user-${index % 997}`,
    latencyMs: 2300,
  };
}

let made = 0;
function importedRow(index: number): PreferenceInput {
  const [first, second] = [uuidv7(), uuidv7()];
  const candidate = (id: string, text: string) => ({ id, content: { type: 'text' as const, text } });
  return {
    id: uuidv7(),
    comparison: {
      domain: 'replies',
      kind: 'pair',
      prompt: {
        messages: [
          { role: 'user', content: `Question ${made++}: where is my parcel, and what can I do about it now?` },
        ],
      },
      candidates: [
        candidate(first, `It is on its way and arrives in ${index} days.`),
        candidate(second, 'Please wait a little longer.'),
      ],
    },
    choice: { type: 'pair', chosen: index % 2 ? first : second },
  };
}

/** Open loop: a vote is sent when its time has come, whether or not the one before was answered. Milliseconds. */
async function voteSteadily(
  client: Client,
  comparisons: Known[],
  options: { seconds: number; rate: number },
): Promise<number[]> {
  const total = options.seconds * options.rate;
  const warm = options.rate;
  const latencies: number[] = [];
  const pending: Promise<void>[] = [];
  const started = performance.now();
  for (let index = 0; index < total + warm; index++) {
    const due = started + (index * 1000) / options.rate;
    const early = due - performance.now();
    if (early > 0) await new Promise((wake) => setTimeout(wake, early));
    pending.push(
      client.createPreference(voteOn(comparisons, index)).then(() => {
        if (index >= warm) latencies.push(performance.now() - due);
      }),
    );
  }
  await Promise.all(pending);
  return latencies;
}

/** Bulk calls one after the other, the bodies made beforehand. Items a second; every item must be stored. */
async function sendBulks(client: Client, bulks: number, make: (index: number) => PreferenceInput): Promise<number> {
  const bodies = Array.from({ length: bulks }, (_, bulk) =>
    Array.from({ length: BULK }, (_, index) => make(bulk * BULK + index)),
  );
  const started = performance.now();
  for (const items of bodies) {
    const { created } = await client.createPreferences(items);
    if (created !== items.length) throw new Error(`only ${created} of ${items.length} votes were stored`);
  }
  return (bulks * BULK) / ((performance.now() - started) / 1000);
}
