import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import { eq } from 'drizzle-orm';
import { expect, it } from 'vitest';
import type { FeatureList } from '../../../shared/contracts/features.ts';
import { type Database, database } from '../../../worker/store/database.ts';
import { holdEmbedding, isOutdated, keepEmbedding } from '../../../worker/store/embeddings.ts';
import { candidate, domain, encoder as encoders, preference } from '../../../worker/store/schema.ts';
import { findTaste } from '../../../worker/store/tastes.ts';
import { importedVote, makeWorld, PROJECT, storeInputs } from './world.ts';

type Inline = { candidates: { features?: FeatureList }[] };

const [HERE, ELSEWHERE] = ['a'.repeat(64), 'b'.repeat(64)];
const anna = { domain: 'replies', user: 'anna', encoder: null };

/** One set encoder a space, named by it; the domain's is the one of HERE. */
async function worldOf(votes: number) {
  const db = await makeWorld();
  for (const space of [HERE, ELSEWHERE]) {
    const body = { kind: 'set', sha: space, space, tokens: 1, width: 1 } as never;
    await db.insert(encoders).values({ project: PROJECT, sha: space, domain: 'replies', body, createdAt: 0 });
  }
  await db.update(domain).set({ encoder: HERE });
  await cast(db, 0, votes);
  return db;
}

/** Vote n of the features [n, 0] over [n, 1]. */
async function cast(db: Database, from: number, to: number): Promise<void> {
  const made = Array.from({ length: to - from }, (_, i) => {
    const vote = importedVote(from + i + 1, { user: 'anna' });
    for (const [side, each] of (vote.comparison as Inline).candidates.entries()) {
      each.features = [{ space: HERE, values: [from + i, side] }];
    }
    return vote;
  });
  await storeInputs(db, made);
}

async function featuresOf(db: Database, whose: Parameters<typeof findTaste>[2] = anna) {
  const taste = await findTaste(db, PROJECT, whose);
  return taste?.votes.map(({ candidates }) => candidates.map(({ features }) => features));
}

const said = (n: number) => [
  [n, 0],
  [n, 1],
];

/** The same database as another process would see it, which also counts how often it is asked. */
function asked({ $client }: Database): { db: Database; times: () => number } {
  let times = 0;
  const count = <T extends object>(target: T, names: readonly string[]): T =>
    new Proxy(target, {
      get(of, name) {
        const value = Reflect.get(of, name);
        if (typeof value !== 'function') return value;
        if (name === 'prepare') return (sql: string) => statement($client.prepare(sql));
        return (...values: unknown[]) => {
          if (names.includes(String(name))) times += 1;
          return value.apply(of, values);
        };
      },
    });
  const statement = (of: D1PreparedStatement) => count(of, ['all', 'first', 'run', 'raw']);
  return { db: database(count($client as D1Database, ['batch', 'exec'])), times: () => times };
}

it('a taste takes one round trip: of a process that knows nothing, and of one that has read of it', async () => {
  const world = await worldOf(70);
  const { db, times } = asked(world);
  expect(await featuresOf(db)).toEqual(Array.from({ length: 64 }, (_, i) => said(69 - i)));
  expect(times()).toBe(1);
  await cast(world, 70, 72);
  expect(await featuresOf(db)).toEqual(Array.from({ length: 64 }, (_, i) => said(71 - i)));
  expect(times()).toBe(2);
});

it('features are read once, and never again', async () => {
  const db = await worldOf(2);
  const first = await featuresOf(db);
  expect(first).toEqual([said(1), said(0)]);
  await db.delete(candidate);
  expect(await featuresOf(db)).toEqual(first);
  await cast(db, 2, 3);
  expect(await featuresOf(db)).toEqual([said(2), ...(first ?? [])]);
  // another process, and another encoder, know nothing of them
  expect(await featuresOf(asked(db).db)).toEqual([said(2), [null, null], [null, null]]);
  expect(await featuresOf(db, { ...anna, encoder: ELSEWHERE })).toEqual([
    [false, false],
    [null, null],
    [null, null],
  ]);
  await db.update(domain).set({ encoder: ELSEWHERE });
  expect((await featuresOf(db))?.[0]).toEqual([false, false]);
});

it('a vote that was replaced counts no more, although it was read', async () => {
  const db = await worldOf(3);
  await featuresOf(db);
  await db.update(preference).set({ supersededBy: 'another' }).where(eq(preference.seq, 2));
  expect(await featuresOf(db)).toEqual([said(2), said(0)]);
});

it('a vote that counts again, because a later one is gone, is read with its features', async () => {
  const db = await worldOf(65);
  expect((await featuresOf(db))?.at(-1)).toEqual(said(1));
  await db.delete(preference).where(eq(preference.seq, 65));
  expect(await featuresOf(db)).toEqual(Array.from({ length: 64 }, (_, i) => said(63 - i)));
});

it('votes are not read for an embedding that is up to date', async () => {
  const db = await worldOf(3);
  const place = { ...anna, encoder: HERE };
  const made = { lastSeq: 3, votes: 3, updatedAt: 3, values: [3], uncertainty: [1], unusable: [] };
  await keepEmbedding(db, PROJECT, place, made);
  expect(await findTaste(db, PROJECT, anna)).toMatchObject({ made, lastSeq: 3, votes: [] });
  await cast(db, 3, 4);
  expect(await findTaste(db, PROJECT, anna)).toMatchObject({ made, lastSeq: 4 });
  expect(await featuresOf(db)).toHaveLength(4);
});

it('a process knows what it has made before that is kept, and what need not be kept any more', async () => {
  const db = await worldOf(3);
  const place = { ...anna, encoder: HERE };
  const made = (lastSeq: number) => ({
    ...{ lastSeq, votes: lastSeq, updatedAt: 0 },
    ...{ values: [lastSeq], uncertainty: [1], unusable: [] },
  });
  const [earlier, latest, same] = [made(2), made(3), made(3)];
  for (const each of [latest, earlier, same]) holdEmbedding(db, PROJECT, place, each);
  expect((await findTaste(db, PROJECT, anna))?.made).toBe(latest);
  expect([earlier, latest, same].map((each) => isOutdated(db, PROJECT, place, each))).toEqual([true, false, true]);
  expect((await findTaste(asked(db).db, PROJECT, anna))?.made).toBeNull();
  await cast(db, 3, 4);
  expect((await findTaste(db, PROJECT, anna))?.made).toBeNull();
});
