import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { D1Database } from '@cloudflare/workers-types';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { getPlatformProxy } from 'wrangler';
import { applyMigrations } from '../../../worker/hosts/migrations.ts';
import { OF_DOMAIN, OF_STATE } from '../../../worker/store/batches.ts';
import { FILL, FORM, OFFERS } from '../../../worker/store/batches-lease.ts';
import { MEMBERS } from '../../../worker/store/batches-weights.ts';
import { database } from '../../../worker/store/database.ts';
import { BATCH_EXAMPLES, HELD_OUT_EXAMPLES, HELD_OUT_PROMPTS } from '../../../worker/store/examples.ts';
import { DOMAIN_PAGE, PROJECT_PAGE, USER_PAGE } from '../../../worker/store/preferences-export.ts';
import { NEWEST_DECIDED, STATE_OF_VOTES, THEIR_COMPARISONS } from '../../../worker/store/raters.ts';
import { domain } from '../../../worker/store/schema.ts';
import { LIVE } from '../../../worker/store/stats.ts';
import { OWNERS, SUPPORT } from '../../../worker/store/support.ts';
import { TASTE, TASTE_VOTES } from '../../../worker/store/tastes.ts';
import { DOMAIN, importedVote, makeWorld, PROJECT, storeInputs } from './world.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

it('no statement of a lease, of the held-out part, of the export, of raters, of a taste, of a look at a domain or of its batches sorts or scans', async () => {
  const db = await makeWorld();
  const pages = [DOMAIN_PAGE, PROJECT_PAGE, USER_PAGE, HELD_OUT_PROMPTS];
  const tastes = [TASTE, TASTE_VOTES, OWNERS, SUPPORT];
  const raters = [NEWEST_DECIDED, STATE_OF_VOTES, THEIR_COMPARISONS, MEMBERS];
  const live = [...Object.values(LIVE), OF_DOMAIN, OF_STATE];
  for (const sql of [OFFERS, FORM, FILL, BATCH_EXAMPLES, HELD_OUT_EXAMPLES, ...pages, ...tastes, ...raters, ...live]) {
    const parameters = Math.max(...Array.from(sql.matchAll(/\?(\d+)/g), ([, n]) => Number(n)));
    const plan = db.$client.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(...new Array(parameters).fill(1));
    const steps = (await plan.all<{ detail: string }>()).results.map(({ detail }) => detail);
    expect(steps.length).toBeGreaterThan(0);
    expect(steps.join('\n'), sql).not.toMatch(/TEMP B-TREE/);
    const scans = steps.filter((step) => /^SCAN (p|preference|batch|b|c|comparison|adapter|alias_move)\b/.test(step));
    expect(scans, sql).toEqual([]);
  }
});

it('a vote that is deleted is none of its minute', async () => {
  const db = await makeWorld();
  await storeInputs(db, [importedVote(1), importedVote(2), importedVote(3)], 600_000);
  await db.$client.prepare('DELETE FROM preference WHERE seq = 2').run();
  expect(await db.$client.prepare('SELECT minute, n FROM vote_minute').raw()).toEqual([[10, 2]]);
});

/** D1 counts the rows that a statement reads: the cost of a lease, without a clock. */
let d1: D1Database;
let close = async () => {};

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'prefloop-cost-'));
  Object.assign(process.env, {
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_LOG: 'error',
  });
  const proxy = await getPlatformProxy<{ DB: D1Database }>({
    configPath: join(root, 'wrangler.toml'),
    envFiles: [],
    persist: { path: join(folder, 'v3') },
    remoteBindings: false,
  });
  d1 = proxy.env.DB;
  close = async () => {
    await proxy.dispose();
    await rm(folder, { recursive: true, force: true });
  };
  await applyMigrations(d1, join(root, 'migrations'));
});
afterAll(() => close());

it('a lease of 64 reads as many rows among a thousand waiting votes as among a hundred thousand', async () => {
  const costs = [];
  for (const waiting of [1_000, 10_000, 100_000]) costs.push(await leaseCost(`d${waiting}`, waiting));
  expect(costs[1]).toEqual(costs[0]);
  expect(costs[2]).toEqual(costs[0]);
  for (const read of Object.values(costs[0] ?? {})) expect(read).toBeLessThan(64 * 12);
});

it('the newest votes that decide something cost the same among a thousand as among a hundred thousand skips', async () => {
  const costs = [];
  for (const skips of [1_000, 100_000]) {
    const id = `r${skips}`;
    await database(d1)
      .insert(domain)
      .values({ ...DOMAIN, id });
    const insert = d1.prepare(`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?3)
      INSERT INTO preference (project, id, body_hash, domain, comparison, choice, confidence, weight, status, created_at, superseded_by)
      SELECT ?1, ?2 || ?4 || i, '', ?2, 'c', json_object('type', ?4), 1, 1, 'consumed', 0, ?5 FROM n`);
    await insert.bind(PROJECT, id, skips, 'pair', null).run();
    await insert.bind(PROJECT, id, skips, 'skip', null).run();
    await insert.bind(PROJECT, id, skips, 'ranking', 'later').run();
    const statements = [NEWEST_DECIDED, THEIR_COMPARISONS].map((sql) => d1.prepare(sql).bind(PROJECT, id, 500));
    costs.push((await d1.batch(statements)).map(({ meta }) => meta.rows_read));
  }
  expect(costs[1]).toEqual(costs[0]);
  for (const read of costs[0] ?? []) expect(read).toBeLessThan(500 * 4);
});

/** Rows read by each statement of a lease, in a domain with as many consumed votes as waiting ones. */
async function leaseCost(id: string, waiting: number) {
  await database(d1)
    .insert(domain)
    .values({ ...DOMAIN, id, batchSize: 64 });
  const insert = d1.prepare(`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?3)
    INSERT INTO preference (project, id, body_hash, domain, comparison, choice, confidence, weight, status, batch, ordinal, created_at)
    SELECT ?1, ?2 || '-' || ?4 || '-' || printf('%07d', i), '', ?2, 'c', '{}', 1, 1, ?4, CASE ?4 WHEN 'consumed' THEN 'b' END, i, 0 FROM n`);
  for (const status of ['consumed', 'waiting']) await insert.bind(PROJECT, id, waiting, status).run();
  const read = async (sql: string, ...values: unknown[]) =>
    (
      await d1
        .prepare(sql)
        .bind(...values)
        .all()
    ).meta.rows_read;
  const batch = crypto.randomUUID();
  return {
    offers: await read(OFFERS, PROJECT, JSON.stringify([id]), 1000),
    form: await read(FORM, PROJECT, id, batch, 'runner', 1000, 64),
    fill: await read(FILL, PROJECT, id, batch),
  };
}
