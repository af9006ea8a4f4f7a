import { expect, it } from 'vitest';
import { keepEmbedding } from '../../../worker/store/embeddings.ts';
import { encoder as encoders } from '../../../worker/store/schema.ts';
import { findTaste } from '../../../worker/store/tastes.ts';
import { makeWorld, PROJECT } from './world.ts';

const SHA = 'e'.repeat(64);
const place = { domain: 'replies', user: 'anna', encoder: SHA };
const made = (lastSeq: number) => ({
  ...{ lastSeq, votes: lastSeq, updatedAt: lastSeq },
  ...{ values: [lastSeq], uncertainty: [1], unusable: [] },
});

it('of two embeddings made at once, the one that knows the later vote stays', async () => {
  const db = await makeWorld();
  const body = { kind: 'set', sha: SHA, tokens: 1, width: 1 } as never;
  await db.insert(encoders).values({ project: PROJECT, sha: SHA, domain: 'replies', body, createdAt: 0 });
  for (const lastSeq of [3, 5, 4]) await keepEmbedding(db, PROJECT, place, made(lastSeq));
  expect((await findTaste(db, PROJECT, place))?.made).toEqual(made(5));
  const other = { ...place, encoder: 'd'.repeat(64) };
  await keepEmbedding(db, PROJECT, other, made(9));
  expect((await findTaste(db, PROJECT, place))?.made).toEqual(made(5));
});
