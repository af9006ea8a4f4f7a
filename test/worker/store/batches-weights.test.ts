import { expect, it } from 'vitest';
import type { Example } from '../../../shared/contracts/batch.ts';
import { findBatch } from '../../../worker/store/batches.ts';
import { leaseBatch } from '../../../worker/store/batches-lease.ts';
import { readWeights, weighBatch } from '../../../worker/store/batches-weights.ts';
import { interleave } from './interleaving.ts';
import { id, importedVote, makeWorld, PROJECT, storeInputs } from './world.ts';

/** Five people on one pair each, of whom the last one says the opposite. */
function votesOn(n: number) {
  return ['ann', 'ben', 'cem', 'eve', 'dan'].map((user, at) => {
    const chosen = { type: 'pair', chosen: id(n, user === 'dan' ? 2 : 1) };
    return importedVote(n, { id: id(10 * n + at, 5), user, choice: chosen });
  });
}

const weightsOf = (examples: Example[]) => examples.map(({ pairs }) => pairs[0]?.weight);

it('two leases that compute the weights at once, with votes coming in between, agree on those of the first to write', async () => {
  let changed = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const plain = await makeWorld([{ id: 'replies', batchSize: 60, raterWeights: 'reliability' }]);
    await storeInputs(plain, Array.from({ length: 12 }, (_, n) => votesOn(n)).flat(), 1);
    const lease = await leaseBatch(plain, PROJECT, ['replies'], { runner: 'r' }, 2000);
    const batch = lease?.batch ?? '';
    const kept = async () => (await findBatch(plain, PROJECT, batch))?.raterWeights;
    const first = await kept();
    await plain.$client.prepare(`UPDATE batch SET rater_weights = '{}'`).run();
    const world = interleave(plain, seed);
    const weigh = () => weighBatch(world.db, PROJECT, { batch, domain: 'replies', stored: '{}' }, world.now());
    const more = async () => {
      for (let n = 0; n < 3; n++) await storeInputs(world.db, [...votesOn(100 + 2 * n), ...votesOn(101 + 2 * n)], 3000);
    };
    const calls = [weigh(), weigh(), weigh()];
    await world.run([...calls, more()]);
    for (const call of calls) expect(await call).toEqual(await kept());
    changed += Number((await kept())?.votes !== first?.votes);
  }
  // The votes between did make a difference to some.
  expect(changed).toBeGreaterThan(0);
});

it('a batch whose first runner died before the weights were computed gets them at the next lease', async () => {
  const db = await makeWorld([{ id: 'replies', batchSize: 60, maxWaitSeconds: 0, raterWeights: 'reliability' }]);
  await storeInputs(db, Array.from({ length: 12 }, (_, n) => votesOn(n)).flat());
  const lease = (now: number) => leaseBatch(db, PROJECT, ['replies'], { runner: 'r' }, now);
  const first = await lease(2000);
  await db.$client.prepare(`UPDATE batch SET rater_weights = '{}'`).run();
  expect((await findBatch(db, PROJECT, first?.batch ?? ''))?.raterWeights).toBeNull();
  const second = await lease(200_000);
  expect(second).toMatchObject({ batch: first?.batch, fence: 2 });
  const kept = (await findBatch(db, PROJECT, first?.batch ?? ''))?.raterWeights;
  expect(kept?.computedAt).toBe(200_000);
  expect(weightsOf(second?.examples ?? [])).toEqual(weightsOf(first?.examples ?? []));
});

it('what is stored is read as it is, and what is still to be computed as nothing', () => {
  expect([readWeights(null), readWeights('{}')]).toEqual([null, null]);
});
