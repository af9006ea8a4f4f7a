import { expect, it } from 'vitest';
import type { Database } from '../../../worker/store/database.ts';
import { memoryOf } from '../../../worker/store/taste-memory.ts';

const database = () => ({ $client: {} }) as unknown as Database;

it('votes without features take room too', () => {
  const { votes } = memoryOf(database());
  const vote = { id: 'v', choice: { best: 'a' }, confidence: 1, weight: 1, candidates: [] } as never;
  const person = { upTo: 64, bySeq: new Map(Array.from({ length: 64 }, (_, seq) => [seq, vote] as const)) };
  for (let n = 0; n < 2000; n++) votes.keep(`person ${n}`, person);
  expect(votes.find('person 0')).toBeUndefined();
  expect(votes.find('person 1999')).toBe(person);
});

it('so do reasons why a vote says nothing', () => {
  const { made } = memoryOf(database());
  const unusable = Array.from({ length: 64 }, (_, n) => ({ preference: `h${n}`, reason: 'noFeatures' }) as never);
  const one = { lastSeq: 1, votes: 0, updatedAt: 0, values: [0, 0], uncertainty: [0, 0], unusable };
  for (let n = 0; n < 1000; n++) made.keep(`person ${n}`, one);
  expect(made.find('person 0')).toBeUndefined();
  expect(made.find('person 999')).toBe(one);
});

it('each database has a memory of its own', () => {
  const [one, other] = [database(), database()];
  memoryOf(one).encoders.keep('place', {} as never);
  expect(memoryOf(one).encoders.find('place')).toBeDefined();
  expect(memoryOf(other).encoders.find('place')).toBeUndefined();
});
