import { expect, test } from 'vitest';
import { reportRaters } from '../../../shared/cli/rater-report.ts';
import type { Preference } from '../../../shared/contracts/preference.ts';
import { seededRandom } from '../../../shared/math/random.ts';

type Given = { user: string | null; about?: number; order?: string[]; rest?: object };

/** A vote on what was answered to one question; `order`: best first, the first one chosen where it is a pair. */
function vote({ user, about = 0, order = ['good', 'bad'], rest = {} }: Given): Preference {
  const candidates = [...order].sort().map((text) => ({ id: `${text}-${about}`, content: { type: 'text', text } }));
  const [chosen] = order.map((text) => `${text}-${about}`);
  return {
    user,
    comparison: { prompt: { text: `Question ${about}?` }, candidates },
    choice: { type: 'pair', chosen },
    supersededBy: null,
    ...rest,
  } as unknown as Preference;
}

const report = (votes: Preference[]) =>
  reportRaters(
    (async function* () {
      yield* votes;
    })(),
  );

test('people who judge the same pairs agree, whatever places and ids these had', async () => {
  const votes = ['ann', 'ben', 'cem'].flatMap((user) =>
    Array.from({ length: 20 }, (_, about) =>
      vote({ user, about, order: about % 2 === 0 ? ['good', 'bad'] : ['bad', 'good'] }),
    ),
  );
  const found = await report(votes);
  expect(found).toMatchObject({ votes: 60, people: 3, judgedTwice: 20, alpha: 1 });
  for (const rater of found.raters) {
    expect(rater).toMatchObject({ votes: 20, checked: 20 });
    expect(rater.informedness).toBeGreaterThan(0.7);
  }
});

test('who votes at random, and who always takes the first, is seen', async () => {
  const random = seededRandom(3);
  const votes: Preference[] = [];
  for (let about = 0; about < 200; about++) {
    const truth = random() < 0.5 ? ['good', 'bad'] : ['bad', 'good'];
    for (const user of ['ann', 'ben', 'cem']) {
      const order = random() < 0.9 ? truth : [...truth].reverse();
      const position = Number(random() < 0.5);
      votes.push(
        vote({ user, about, order, rest: { choice: { type: 'pair', chosen: `${order[0]}-${about}`, position } } }),
      );
    }
    const first = random() < 0.5 ? ['good', 'bad'] : ['bad', 'good'];
    votes.push(
      vote({ user: 'dan', about, rest: { choice: { type: 'pair', chosen: `${first[0]}-${about}`, position: 0 } } }),
    );
  }
  const { raters, position } = await report(votes);
  const dan = raters.find(({ user }) => user === 'dan');
  expect(Math.abs(dan?.informedness ?? 1)).toBeLessThan(0.25);
  expect(dan?.position).toMatchObject({ value: 0.5, n: 200 });
  expect(position.low).toBeGreaterThan(0.05);
  for (const { user, informedness } of raters) if (user !== 'dan') expect(informedness).toBeGreaterThan(0.6);
});

test('a ranking is all its pairs; ties, skips and replaced votes decide nothing', async () => {
  const ranked = (user: string, ranking: string[][]) =>
    vote({ user, order: ['a', 'b', 'c'], rest: { choice: { type: 'ranking', ranking } } });
  const found = await report([
    ranked('ann', [['a-0'], ['b-0', 'c-0']]),
    ranked('ben', [['a-0'], ['c-0'], ['b-0']]),
    vote({ user: 'ann', rest: { choice: { type: 'tie' } } }),
    vote({ user: 'ann', rest: { choice: { type: 'skip' } } }),
    vote({ user: 'ben', rest: { supersededBy: 'x' } }),
    vote({ user: null }),
  ]);
  expect(found).toMatchObject({ votes: 3, people: 2, judgedTwice: 2, alpha: 1 });
  expect(found.raters.map(({ user, votes }) => [user, votes])).toEqual([
    ['ann', 1],
    ['ben', 1],
  ]);
});

test('nothing is made of nothing', async () => {
  expect(await report([])).toMatchObject({ votes: 0, people: 0, judgedTwice: 0, alpha: Number.NaN, raters: [] });
  const [alone] = (await report([vote({ user: 'ann' })])).raters;
  expect(alone).toMatchObject({ votes: 1, checked: 0, informedness: Number.NaN });
});
