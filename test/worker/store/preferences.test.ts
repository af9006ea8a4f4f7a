import { expect, it } from 'vitest';
import { PreferenceInput } from '../../../shared/contracts/preference.ts';
import { interleave } from './interleaving.ts';
import { id, importedVote, makeWorld, storeInputs } from './world.ts';

type Row = { id: string; status: string; superseded_by: string | null; supersedes: string | null };

it.each(Array.from({ length: 10 }, (_, seed) => seed))(
  'twelve callers at once store every vote once (seed %i)',
  async (seed) => {
    const plain = await makeWorld();
    const { db, random, run, now } = interleave(plain, seed);
    const originals = Array.from({ length: 40 }, (_, n) => importedVote(n, { user: `user-${n}` }));
    await storeInputs(plain, originals.slice(0, 10));
    // Every original has three votes that want to replace it, and only one of them can.
    const rivals = originals.flatMap((vote, n) =>
      [1, 2, 3].map((rival) =>
        PreferenceInput.parse({ ...vote, id: id(1000 + 3 * n + rival), choice: { type: 'tie' }, supersedes: vote.id }),
      ),
    );
    const created: string[] = [];
    const callers = Array.from({ length: 12 }, async () => {
      for (let call = 0; call < 6; call += 1) {
        const pool = random() < 0.5 ? originals : rivals;
        const from = Math.floor(random() * (pool.length - 8));
        const items = pool.slice(from, from + 8);
        const sent = random() < 0.5 ? items : items.toReversed();
        const answers = await storeInputs(db, sent, now());
        created.push(...sent.filter((_, at) => answers[at]?.result === 'created').map((vote) => vote.id));
      }
    });
    await run(callers);

    const { results } = await plain.$client
      .prepare('SELECT id, status, superseded_by, supersedes FROM preference')
      .all<Row>();
    const before = originals.slice(0, 10).map((vote) => vote.id);
    expect([...created, ...before].toSorted()).toEqual(results.map((row) => row.id).toSorted());
    expect(created.length).toBeGreaterThan(30);
    const byId = new Map(results.map((row) => [row.id, row]));
    for (const row of results) {
      const newer = results.filter(({ supersedes }) => supersedes === row.id);
      expect(newer.length).toBeLessThanOrEqual(1);
      expect(row.superseded_by).toBe(newer[0]?.id ?? null);
      expect(row.status).toBe(newer.length === 1 ? 'superseded' : 'waiting');
      if (row.supersedes) expect(byId.has(row.supersedes)).toBe(true);
    }
    const counted = await plain.$client
      .prepare('SELECT status, n FROM preference_count WHERE n > 0 ORDER BY status')
      .all();
    const actual = await plain.$client
      .prepare('SELECT status, count(*) AS n FROM preference GROUP BY status ORDER BY status')
      .all();
    expect(counted.results).toEqual(actual.results);
    expect((await plain.$client.prepare('SELECT * FROM guard').all()).results).toEqual([]);
  },
);
