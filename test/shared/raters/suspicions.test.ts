import { expect, test } from 'vitest';
import type { Suspicion } from '../../../shared/contracts/rater.ts';
import { seededRandom } from '../../../shared/math/random.ts';
import { reportRaters } from '../../../shared/raters/rater-report.ts';
import type { RaterVote } from '../../../shared/raters/vote.ts';
import { adversarial, careless, castVote, clicker, honest, type Manner, vote } from './made-votes.ts';

const HONEST = ['ann', 'ben', 'cem', 'eve'];

const suspicionsOf = (votes: RaterVote[]): Record<string, Suspicion[]> =>
  Object.fromEntries(reportRaters('replies', 2000, votes).raters.map(({ user, suspicions }) => [user, suspicions]));

/** Four honest people, and dan, on the same pairs. */
function crowd(pairs: number, dan: Manner, seed = 1): RaterVote[] {
  const random = seededRandom(seed);
  return Array.from({ length: pairs }, (_, about) => {
    const isGood = random() < 0.5;
    const votes = HONEST.map((user) => castVote(user, about, isGood, honest, random));
    return [...votes, castVote('dan', about, isGood, dan, random)];
  }).flat();
}

test.each([
  ['votes at random', careless],
  ['votes against the others', adversarial],
])('who %s disagrees, not before twenty checks', (_, manner) => {
  const found = suspicionsOf(crowd(150, manner));
  expect(found.dan).toEqual(['disagrees']);
  for (const user of HONEST) expect(found[user]).toEqual([]);
  expect(suspicionsOf(crowd(19, manner)).dan).toEqual([]);
});

test('where nobody agrees with anybody, nobody disagrees', () => {
  const random = seededRandom(4);
  const votes = Array.from({ length: 100 }, (_, about) =>
    HONEST.map((user) => castVote(user, about, true, careless, random)),
  ).flat();
  expect(Object.values(suspicionsOf(votes)).flat()).toEqual([]);
});

test('who takes more than seven of ten at one place, for certain, is suspected; either place, from twenty on', () => {
  const shown = (first: number, second: number) =>
    suspicionsOf([
      ...Array.from({ length: first }, (_, about) => vote({ about, position: 0 })),
      ...Array.from({ length: second }, (_, n) => vote({ about: first + n, position: 1 })),
    ]).ann;
  expect(shown(19, 1)).toEqual(['place']);
  expect(shown(1, 19)).toEqual(['place']);
  expect(shown(19, 0)).toEqual([]);
  expect(shown(16, 4)).toEqual([]);
  expect(shown(160, 40)).toEqual(['place']);
  expect(suspicionsOf(crowd(60, clicker)).dan).toContain('place');
});

test('who takes less than a second, and a third of the time of others, is hasty', () => {
  const taking = (times: Record<string, number>, votes = 20) =>
    suspicionsOf(
      Object.entries(times).flatMap(([user, latencyMs]) =>
        Array.from({ length: votes }, (_, about) => vote({ user, about, latencyMs: latencyMs + about })),
      ),
    );
  const slow = { ann: 4000, ben: 6000, cem: 5000 };
  expect(taking({ ...slow, dan: 400 })).toEqual({ ann: [], ben: [], cem: [], dan: ['haste'] });
  expect(taking({ ...slow, dan: 400 }, 19).dan).toEqual([]);
  expect(taking({ ...slow, dan: 1100 }).dan).toEqual([]);
  // Pictures are looked at quickly: what all do is no haste.
  expect(taking({ ann: 900, ben: 1000, cem: 800, dan: 400 }).dan).toEqual([]);
  expect(taking({ ann: 4000, dan: 400 }).dan).toEqual([]);
});

test('who orders the places alike again and again is suspected, unless the order was not drawn', () => {
  const ranked = (about: number, places: string[], isDealt = true) => {
    const order = ['a', 'b', 'c'];
    return vote({
      about,
      order,
      isDealt,
      choice: { type: 'ranking', ranking: places.map((place) => [`${place}-${about}`]) },
    });
  };
  const times = (count: number, places: string[], isDealt = true) =>
    Array.from({ length: count }, (_, n) => ranked(100 * places.indexOf('a') + n, places, isDealt));
  expect(suspicionsOf(times(20, ['a', 'b', 'c'])).ann).toEqual(['sameAnswer']);
  expect(suspicionsOf(times(19, ['a', 'b', 'c'])).ann).toEqual([]);
  expect(suspicionsOf(times(20, ['a', 'b', 'c'], false)).ann).toEqual([]);
  expect(suspicionsOf([...times(36, ['a', 'b', 'c']), ...times(4, ['b', 'a', 'c'])]).ann).toEqual(['sameAnswer']);
  expect(suspicionsOf([...times(35, ['a', 'b', 'c']), ...times(5, ['b', 'a', 'c'])]).ann).toEqual([]);
});
