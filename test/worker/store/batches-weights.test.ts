import { expect, it } from 'vitest';
import type { Example } from '../../../shared/contracts/batch.ts';
import { findBatch } from '../../../worker/store/batches.ts';
import { type LeasedBatch, leaseBatch } from '../../../worker/store/batches-lease.ts';
import { failBatch } from '../../../worker/store/batches-release.ts';
import { readWeights } from '../../../worker/store/batches-weights.ts';
import { interleave } from './interleaving.ts';
import { id, importedVote, makeWorld, PROJECT, storeInputs } from './world.ts';

const LEASE_SECONDS = 1;

/** Five people on one pair each, of whom the last one says the opposite. */
function votesOn(n: number) {
  return ['ann', 'ben', 'cem', 'eve', 'dan'].map((user, at) => {
    const chosen = { type: 'pair', chosen: id(n, user === 'dan' ? 2 : 1) };
    return importedVote(n, { id: id(10 * n + at, 5), user, choice: chosen });
  });
}

const weightsOf = (examples: Example[]) => examples.map(({ pairs }) => pairs[0]?.weight);

it('runners that race for a batch, while votes come in that change the report, all get one and the same weights', async () => {
  const differed: boolean[] = [];
  for (let seed = 1; seed <= 12; seed++) {
    const settings = { id: 'replies', batchSize: 60, leaseSeconds: LEASE_SECONDS, maxAttempts: 1000 };
    const plain = await makeWorld([{ ...settings, maxWaitSeconds: 0, raterWeights: 'reliability' }]);
    await storeInputs(plain, Array.from({ length: 12 }, (_, n) => votesOn(n)).flat(), 1);
    const world = interleave(plain, seed);
    const leases: LeasedBatch[] = [];
    const runner = async () => {
      for (let n = 0; n < 4; n++) {
        const lease = await leaseBatch(world.db, PROJECT, ['replies'], { runner: 'r' }, world.now());
        if (!lease) await world.sleep(500);
        else if (lease.batch) {
          leases.push(lease);
          if (world.random() < 0.5) await world.sleep(1000 * LEASE_SECONDS * 1.5);
          else {
            const failure = { fence: lease.fence, reason: 'unlucky', blameless: true };
            await failBatch(world.db, PROJECT, lease.batch, failure, world.now());
          }
        }
      }
    };
    // A clock that runs on between the steps of a lease lets others take the batch in the middle of it.
    const clock = (async () => {
      for (let n = 0; n < 20; n++) {
        await world.sleep(700);
        await storeInputs(world.db, votesOn(100 + n), world.now());
      }
    })();
    await world.run([...Array.from({ length: 6 }, runner), clock]);

    const byBatch = Map.groupBy(leases, ({ batch }) => batch);
    for (const [batch, all] of byBatch) {
      const kept = (await findBatch(plain, PROJECT, batch))?.raterWeights;
      expect(kept).not.toBeNull();
      for (const { examples } of all) {
        expect(weightsOf(examples)).toEqual(examples.map(({ preference }) => kept?.weights[preference]));
      }
      differed.push(all.length > 1);
    }
  }
  expect(differed.some(Boolean)).toBe(true);
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
