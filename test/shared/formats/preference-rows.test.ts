import { expect, test } from 'vitest';
import { Preference, PreferenceInput } from '../../../shared/contracts/preference.ts';
import { toPreferenceInput, toRows } from '../../../shared/formats/preference-rows.ts';
import type { Row } from '../../../shared/formats/row.ts';
import { randomRows } from './random-rows.ts';

/** The preference as an edge keeps it. */
function store(input: PreferenceInput): Preference {
  if (typeof input.comparison === 'string') throw new Error('an imported preference brings its comparison');
  const id = `h${'0'.repeat(40)}`;
  return Preference.parse({
    seq: 1,
    id: input.id,
    domain: input.comparison.domain,
    user: input.user ?? null,
    comparison: { ...input.comparison, id },
    choice: input.choice,
    reason: null,
    supersedes: null,
    supersededBy: null,
    confidence: input.confidence ?? 1,
    weight: input.weight ?? 1,
    status: 'waiting',
    notTrainable: null,
    batch: null,
    adapter: null,
    createdAt: 0,
  });
}

const stored = async (row: Row) => store(PreferenceInput.parse(await toPreferenceInput(row, 'tone')));
const row: Row = { prompt: { text: 'The sky is' }, chosen: ' blue.', rejected: ' green.' };

test('a row is a valid vote, and the vote is the row again', async () => {
  for (const each of [...randomRows(1, 150, 'chat'), ...randomRows(2, 150, 'text')]) {
    const { confidence, ...rest } = each;
    expect(toRows(await stored(each))).toEqual([confidence === undefined || confidence === 1 ? rest : each]);
  }
});

test('the id is the hash of who preferred what: the same at every import, on every machine', async () => {
  const id = (await toPreferenceInput(row, 'tone')).id;
  // printf '%s' '{"chosen":" blue.","domain":"tone","prompt":{"text":"The sky is"},"rejected":" green."}' | sha256sum
  expect(id).toBe('h1a4fd78bce84a1858679c0514e938da0b4f1abfb');
  const same = await Promise.all(
    [
      { ...row, group: 'g' },
      { ...row, confidence: 0.9 },
    ].map((each) => toPreferenceInput(each, 'tone')),
  );
  expect(same.map((each) => each.id)).toEqual([id, id]);
  const others = [
    toPreferenceInput(row, 'other'),
    toPreferenceInput({ ...row, user: 'u1' }, 'tone'),
    toPreferenceInput({ ...row, chosen: row.rejected, rejected: row.chosen }, 'tone'),
    toPreferenceInput({ ...row, prompt: { messages: [{ role: 'user', content: 'The sky is' }] } }, 'tone'),
  ];
  const ids = (await Promise.all(others)).map((each) => each.id);
  expect(new Set([id, ...ids]).size).toBe(5);
});

test('equal answers are two candidates', async () => {
  const { comparison } = PreferenceInput.parse(await toPreferenceInput({ ...row, rejected: row.chosen }, 'tone'));
  const ids = typeof comparison === 'object' ? comparison.candidates.map((candidate) => candidate.id) : [];
  expect(new Set(ids).size).toBe(2);
});

const ids = ['1', '2', '3', '4'].map((digit) => `h${digit.repeat(40)}`) as [string, string, string, string];

async function judged(choice: Preference['choice'], changes: Partial<Preference> = {}): Promise<Preference> {
  const preference = await stored(row);
  const candidates = ids.map((id, index) => ({ id, content: { type: 'text' as const, text: `answer ${index + 1}` } }));
  return { ...preference, comparison: { ...preference.comparison, candidates }, choice, ...changes };
}

const pairs = (rows: ReturnType<typeof toRows>) =>
  typeof rows === 'string' ? rows : rows.map(({ chosen, rejected }) => `${chosen.slice(7)}>${rejected.slice(7)}`);

test('the best of several beats each other; a ranking and ratings give every strict pair, tied ones none', async () => {
  expect(pairs(toRows(await judged({ type: 'pair', chosen: ids[2] })))).toEqual(['3>1', '3>2', '3>4']);
  const ranking = [[ids[1]], [ids[0], ids[3]], [ids[2]]];
  expect(pairs(toRows(await judged({ type: 'ranking', ranking })))).toEqual(['2>1', '2>4', '2>3', '1>3', '4>3']);
  const ratings = [3, 5, 3, -1].map((rating, index) => ({ candidate: ids[index] as string, rating }));
  expect(pairs(toRows(await judged({ type: 'rating', ratings })))).toEqual(['2>1', '2>3', '2>4', '1>4', '3>4']);
});

test('steps are lines of one answer', async () => {
  const preference = await judged({ type: 'pair', chosen: ids[0] });
  const [first] = preference.comparison.candidates;
  if (first) first.content = { type: 'steps', steps: ['Step 1', 'Step 2'] };
  expect(toRows(preference)[0]).toMatchObject({ chosen: 'Step 1\nStep 2' });
});

test('what prefers nothing to anything is told with its reason', async () => {
  const ranking = [ids.slice()];
  const stepMark = { type: 'stepMark', candidate: ids[0], firstWrongStep: 1 } as const;
  const rating = { type: 'rating', ratings: [{ candidate: ids[0], rating: 5 }] } satisfies Preference['choice'];
  expect(toRows(await judged({ type: 'tie' }))).toBe('tie');
  expect(toRows(await judged({ type: 'bothBad' }))).toBe('bothBad');
  expect(toRows(await judged({ type: 'skip' }))).toBe('skip');
  expect(toRows(await judged(stepMark))).toBe('stepMark');
  expect(toRows(await judged(rating))).toBe('singleRating');
  expect(toRows(await judged({ type: 'ranking', ranking }))).toBe('allTied');
  expect(toRows(await judged({ type: 'pair', chosen: ids[0] }, { supersededBy: ids[1] }))).toBe('superseded');
});
