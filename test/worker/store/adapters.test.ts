import { describe, expect, it } from 'vitest';
import { Recipe } from '../../../shared/contracts/recipe.ts';
import { curveOf, findAdapter, listAdapters } from '../../../worker/store/adapters.ts';
import { findDomain } from '../../../worker/store/domains.ts';
import { adapter } from '../../../worker/store/schema.ts';
import { readStats } from '../../../worker/store/stats.ts';
import { makeWorld, PROJECT } from './world.ts';

const sha = (n: number) => n.toString(16).padStart(64, '0');
const row = (n: number, losses: number[], curve: number[] | null): typeof adapter.$inferInsert => ({
  ...{ project: PROJECT, sha: sha(n), domain: 'replies', parent: null, baseModel: 'tiny', baseFingerprint: sha(0) },
  ...{ recipe: Recipe.parse({ method: 'dpo' }), files: [], metrics: {}, losses, curve, gates: [], runtime: 'cpu' },
  ...{ stage: 'staged', preferences: 4, createdAt: n },
});

describe('losses of listed adapters', () => {
  it('are thinned when they are read, where an earlier version registered them whole', async () => {
    const db = await makeWorld();
    const losses = Array.from({ length: 1000 }, (_, step) => step);
    await db.insert(adapter).values([row(1, losses, null), row(2, [3, 1, 2], null)]);
    const [few, many] = await listAdapters(db, PROJECT, 'replies', 10);
    expect(few?.losses).toEqual([3, 1, 2]);
    expect(many?.losses).toEqual(Array.from({ length: 200 }, (_, stretch) => 5 * stretch + 2));
    expect((await findAdapter(db, PROJECT, sha(1)))?.losses).toEqual(losses);
  });

  it('come from the curve beside them: the statistics never read the long ones', async () => {
    const db = await makeWorld();
    for (let n = 1; n <= 100; n++) {
      const losses = Array.from({ length: 10_000 }, (_, step) => Math.exp(-step / (100 * n)));
      await db.insert(adapter).values(row(n, losses, curveOf(losses)));
    }
    const domain = await findDomain(db, PROJECT, 'replies');
    // Not JSON any more: whoever reads a long curve fails.
    await db.$client.prepare(`UPDATE adapter SET losses = '?'`).run();
    const stats = await readStats(db, PROJECT, domain as NonNullable<typeof domain>);
    expect(stats.adapters).toHaveLength(100);
    expect(stats.adapters.every(({ losses }) => losses.length === 200)).toBe(true);
    expect(JSON.stringify(stats).length).toBeLessThan(100 * 3000);
  });
});
