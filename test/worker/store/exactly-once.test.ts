import { expect, it } from 'vitest';
import type { AdapterInput } from '../../../shared/contracts/adapter.ts';
import { Recipe } from '../../../shared/contracts/recipe.ts';
import { sha256Text } from '../../../shared/math/sha256.ts';
import { manifestSha } from '../../../worker/adapter-files/manifest.ts';
import { addFile } from '../../../worker/store/adapters.ts';
import { completeBatch } from '../../../worker/store/batches-complete.ts';
import { type LeasedBatch, leaseBatch } from '../../../worker/store/batches-lease.ts';
import { failBatch, renewLease } from '../../../worker/store/batches-release.ts';
import type { Database } from '../../../worker/store/database.ts';
import { findDomain } from '../../../worker/store/domains.ts';
import { isRejection } from '../../../worker/store/rejection.ts';
import { type Interleaving, interleave } from './interleaving.ts';
import { importedVote, makeWorld, PROJECT, storeInputs } from './world.ts';

const RUNNERS = 16;
const VOTES = 96;
const LEASE_SECONDS = 5;

/** Sixteen runners that crash, stall past the end of their lease, give batches back, and say everything twice. */
async function simulate(seed: number) {
  const plain = await makeWorld([
    { id: 'replies', batchSize: 4, leaseSeconds: LEASE_SECONDS, maxAttempts: 100, maxWaitSeconds: 0 },
  ]);
  const votes = Array.from({ length: VOTES }, (_, n) => importedVote(n));
  const world = interleave(plain, seed);
  const tally = {
    /** Completions that were accepted, and under which fence. */
    completed: [] as { batch: string; fence: number; adapter: string }[],
    replayed: 0,
    refused: {} as Record<string, number>,
    crashes: 0,
    stalls: 0,
    /** Until when a batch is held, as far as its holder knows. */
    heldUntil: new Map<string, number>(),
  };
  // Half of the votes come in while the runners are at work.
  await storeInputs(plain, votes.slice(0, VOTES / 2), world.now());
  const importer = (async () => {
    for (let at = VOTES / 2; at < VOTES; at += 6) {
      await world.sleep(300);
      await storeInputs(world.db, votes.slice(at, at + 6), world.now());
    }
  })();
  const runners = Array.from({ length: RUNNERS }, (_, n) => runner(world, `runner-${n % 5}`, tally, importer));
  await world.run([importer, ...runners]);
  return { db: plain, votes, tally };
}

type Tally = Awaited<ReturnType<typeof simulate>>['tally'];

async function runner(world: Interleaving, name: string, tally: Tally, importer: Promise<void>): Promise<void> {
  let finished = false;
  importer.then(() => {
    finished = true;
  });
  let idle = 0;
  while (!finished || idle < 8) {
    const now = world.now();
    const leased = await leaseBatch(world.db, PROJECT, ['replies'], { runner: name }, now);
    if (!leased) {
      idle += 1;
      await world.sleep(1000);
      continue;
    }
    idle = 0;
    expect(tally.heldUntil.get(leased.batch) ?? 0, 'nobody else holds it').toBeLessThanOrEqual(now);
    tally.heldUntil.set(leased.batch, leased.expiresAt);
    await work(world, leased, tally);
  }
}

async function work(world: Interleaving, { batch, fence, domain }: LeasedBatch, tally: Tally): Promise<void> {
  const { random, db, now, sleep } = world;
  const chance = random();
  if (chance < 0.25) {
    tally.crashes += 1;
    return;
  }
  if (chance < 0.3) {
    tally.heldUntil.delete(batch);
    await failBatch(db, PROJECT, batch, { fence, reason: 'unlucky', blameless: false }, now());
    return;
  }
  if (chance < 0.45) {
    tally.stalls += 1;
    await sleep(LEASE_SECONDS * 1000 * (0.9 + random()));
  } else {
    await sleep(1000 * random());
    await renewLease(db, PROJECT, batch, fence, now());
  }
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const head = (await findDomain(db, PROJECT, domain))?.head ?? null;
    const adapter = await upload(db, `${batch} ${fence} ${head}`, head);
    const said = await Promise.all(
      Array.from({ length: random() < 0.3 ? 2 : 1 }, () =>
        completeBatch(db, PROJECT, batch, { fence, adapter, notTrainable: [] }, now()),
      ),
    );
    const accepted = said.filter((answer) => answer && !isRejection(answer));
    expect([0, said.length], 'saying it twice is saying it once').toContain(accepted.length);
    for (const answer of said) {
      if (answer === null) throw new Error('a leased batch is gone');
      if (isRejection(answer)) tally.refused[answer.code] = (tally.refused[answer.code] ?? 0) + 1;
      else if (answer.replayed) tally.replayed += 1;
      else tally.completed.push({ batch, fence, adapter: adapter.sha });
    }
    if (!said.every((answer) => answer && isRejection(answer) && answer.code === 'stale_parent')) return;
  }
}

/** Registers the files of an adapter whose weights depend on what it was trained on. */
async function upload(db: Database, trainedOn: string, parent: string | null): Promise<AdapterInput> {
  const facts = { rank: 4, tensors: 2, parameters: 8, modules: ['q_proj'] };
  const files = [
    {
      name: 'adapter_config.json',
      sha256: sha256Text('config'),
      bytes: 10,
      facts: { rank: 4, alpha: 8, targets: null },
    },
    { name: 'adapter_model.safetensors', sha256: sha256Text(trainedOn), bytes: 100, facts },
  ] as const;
  for (const file of files) await addFile(db, { project: PROJECT, ...file, createdAt: 0 });
  return {
    sha: await manifestSha(files),
    parent,
    baseModel: 'tiny',
    baseFingerprint: 'f'.repeat(64),
    recipe: Recipe.parse({ method: 'dpo' }),
    files: files.map(({ name, sha256, bytes }) => ({ name, sha256, bytes })),
    metrics: {},
    losses: [],
    gates: [],
    runtime: '',
  };
}

/** Votes in the order they were trained on, walked from the head to the base. */
async function trainedLine(db: Database): Promise<string[]> {
  const adapters = (
    await db.$client.prepare('SELECT sha, parent FROM adapter').all<{ sha: string; parent: string | null }>()
  ).results;
  const line: string[] = [];
  let sha = (await findDomain(db, PROJECT, 'replies'))?.head ?? null;
  while (sha !== null) {
    const consumed = db.$client.prepare(
      `SELECT p.id FROM batch AS b JOIN preference AS p ON p.batch = b.id WHERE b.adapter = ? AND p.status = 'consumed' ORDER BY p.ordinal`,
    );
    line.unshift(...(await consumed.bind(sha).all<{ id: string }>()).results.map(({ id }) => id));
    sha = adapters.find((adapter) => adapter.sha === sha)?.parent ?? null;
  }
  return line;
}

it.each(Array.from({ length: 12 }, (_, seed) => seed))(
  'every vote is trained on exactly once, whatever happens (seed %i)',
  async (seed) => {
    const { db, votes, tally } = await simulate(seed);
    const line = await trainedLine(db);
    expect(line.toSorted()).toEqual(votes.map(({ id }) => id).toSorted());
    const adapters = (await db.$client.prepare('SELECT parent FROM adapter').all<{ parent: string | null }>()).results;
    expect(new Set(adapters.map(({ parent }) => parent)).size).toBe(adapters.length);
    const finished = await db.$client
      .prepare("SELECT id AS batch, fence, adapter FROM batch WHERE state = 'completed'")
      .all();
    expect(finished.results).toHaveLength(adapters.length);
    expect(tally.completed).toHaveLength(adapters.length);
    expect(finished.results).toEqual(expect.arrayContaining(tally.completed));
    const counts = (
      await db.$client.prepare("SELECT n FROM preference_count WHERE status = 'consumed'").all<{ n: number }>()
    ).results;
    expect(counts).toEqual([{ n: VOTES }]);
    expect((await db.$client.prepare('SELECT * FROM guard').all()).results).toEqual([]);
    // The faults did happen.
    expect(tally.crashes).toBeGreaterThan(0);
    expect(tally.stalls).toBeGreaterThan(0);
    expect(tally.replayed).toBeGreaterThan(0);
    const late = (tally.refused.stale_fence ?? 0) + (tally.refused.lease_expired ?? 0);
    expect(late).toBeGreaterThan(0);
    expect(tally.refused.stale_parent).toBeGreaterThan(0);
  },
);
