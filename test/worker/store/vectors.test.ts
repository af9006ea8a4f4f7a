import { expect, it } from 'vitest';
import type { FeatureList } from '../../../shared/contracts/features.ts';
import { candidate } from '../../../worker/store/schema.ts';
import { findVectors, VectorCache } from '../../../worker/store/vectors.ts';
import { importedVote, makeWorld, PROJECT, storeInputs } from './world.ts';

type Inline = { candidates: { features?: FeatureList }[] };

const [HERE, ELSEWHERE] = ['a'.repeat(64), 'b'.repeat(64)];

async function worldOf(votes: number) {
  const db = await makeWorld();
  const made = Array.from({ length: votes }, (_, n) => {
    const vote = importedVote(n + 1);
    for (const [side, each] of (vote.comparison as Inline).candidates.entries()) {
      each.features = [{ space: HERE, values: [n, side] }];
    }
    return vote;
  });
  await storeInputs(db, made);
  return db;
}

it('vectors of a space are read once, and never again', async () => {
  const db = await worldOf(2);
  const rows = await db.select().from(candidate);
  const comparisons = [...new Set(rows.map(({ comparison }) => comparison))].toSorted();
  const first = await findVectors(db, PROJECT, HERE, comparisons);
  expect([...first.values()].map((each) => Object.values(each))).toEqual([
    [
      [0, 0],
      [0, 1],
    ],
    [
      [1, 0],
      [1, 1],
    ],
  ]);
  await db.delete(candidate);
  expect(await findVectors(db, PROJECT, HERE, comparisons)).toEqual(first);
  // of another space and in another database nothing is known
  const other = await findVectors(db, PROJECT, ELSEWHERE, comparisons);
  expect([...other.values()]).toEqual([{}, {}]);
  expect(await findVectors(await makeWorld(), PROJECT, HERE, comparisons)).toEqual(new Map());
});

it('what was asked for last is kept, within a bound', () => {
  const cache = new VectorCache();
  const half = { a: new Array<number>(1_000_000).fill(0) };
  cache.keep('one', half);
  cache.keep('two', half);
  cache.find('one');
  cache.keep('three', half);
  expect(cache.find('one')).toBe(half);
  expect(cache.find('two')).toBeUndefined();
  expect(cache.find('three')).toBe(half);
});
