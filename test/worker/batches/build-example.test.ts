import { describe, expect, it } from 'vitest';
import { Example } from '../../../shared/contracts/batch.ts';
import type { Choice } from '../../../shared/contracts/preference.ts';
import { type Random, seededRandom } from '../../../shared/math/random.ts';
import { buildExample } from '../../../worker/batches/build-example.ts';

const DPO = { method: 'dpo' } as const;
const preference = '01900000-0000-7000-8000-000000000000';

type Stored = Parameters<typeof buildExample>[0];

function judged(texts: Record<string, string>, choice: Choice, rest: Partial<Stored> = {}): Stored {
  const candidates = Object.entries(texts).map(([id, text]) => ({ id, content: { type: 'text' as const, text } }));
  return { preference, prompt: { text: 'Say hi.' }, candidates, choice, confidence: 1, weight: 1, ...rest };
}

function exampleOf(input: Stored, system?: string): Example {
  const built = buildExample(input, DPO, system);
  if ('notTrainable' in built) throw new Error(`not trainable: ${built.notTrainable}`);
  return built;
}

describe('a choice becomes soft-labelled pairs', () => {
  it('a pair carries the confidence of the choice and the whole weight', () => {
    const example = exampleOf(
      judged({ a: 'Hello', b: 'Hi' }, { type: 'pair', chosen: 'b' }, { confidence: 0.7, weight: 0.25 }),
    );
    expect(example.completions).toEqual(['Hello', 'Hi']);
    expect(example.pairs).toEqual([{ chosen: 1, rejected: 0, p: 0.7, weight: 0.25 }]);
  });

  it('the best of four beats the other three, a third of the weight each', () => {
    const { pairs } = exampleOf(judged({ a: 'A', b: 'B', c: 'C', d: 'D' }, { type: 'pair', chosen: 'c' }));
    expect(pairs.map(({ chosen, rejected }) => [chosen, rejected])).toEqual([
      [2, 0],
      [2, 1],
      [2, 3],
    ]);
    for (const pair of pairs) expect(pair.weight).toBeCloseTo(1 / 3, 15);
  });

  it('a tie is one half', () => {
    expect(exampleOf(judged({ a: 'A', b: 'B' }, { type: 'tie' }, { confidence: 0.9 })).pairs).toEqual([
      { chosen: 0, rejected: 1, p: 0.5, weight: 1 },
    ]);
  });

  it('a ranking gives every strict pair, and a half for those tied', () => {
    const { pairs } = exampleOf(
      judged({ a: 'A', b: 'B', c: 'C' }, { type: 'ranking', ranking: [['c'], ['a', 'b']] }, { confidence: 0.8 }),
    );
    expect(pairs.map(({ chosen, rejected, p }) => [chosen, rejected, p])).toEqual([
      [2, 0, 0.8],
      [2, 1, 0.8],
      [0, 1, 0.5],
    ]);
  });

  it('ratings of one person become a ranking of the rated candidates', () => {
    const { completions, pairs } = exampleOf(
      judged(
        { a: 'A', b: 'B', c: 'C' },
        {
          type: 'rating',
          ratings: [
            { candidate: 'a', rating: -1 },
            { candidate: 'c', rating: 4.5 },
          ],
        },
      ),
    );
    expect(completions).toEqual(['A', 'C']);
    expect(pairs).toEqual([{ chosen: 1, rejected: 0, p: 1, weight: 1 }]);
  });

  it('steps are the lines of one answer', () => {
    const input = judged({ a: '', b: 'x' }, { type: 'pair', chosen: 'a' });
    const candidates = [
      { id: 'a', content: { type: 'steps' as const, steps: ['Step 1', 'Step 2'] } },
      ...input.candidates.slice(1),
    ];
    expect(exampleOf({ ...input, candidates }).completions).toEqual(['Step 1\nStep 2', 'x']);
  });

  it('candidates with one text are one completion, and their contradictions average out', () => {
    const { completions, pairs } = exampleOf(
      judged({ a: 'same', b: 'other', c: 'same' }, { type: 'ranking', ranking: [['a'], ['b'], ['c']] }),
    );
    expect(completions).toEqual(['same', 'other']);
    expect(pairs).toEqual([{ chosen: 0, rejected: 1, p: 0.5, weight: 1 }]);
  });

  it('a blank candidate takes no part in a ranking of the others', () => {
    const { completions, pairs } = exampleOf(
      judged({ a: 'A', b: ' \n', c: 'C' }, { type: 'ranking', ranking: [['b'], ['c'], ['a']] }),
    );
    expect(completions).toEqual(['A', 'C']);
    expect(pairs).toEqual([{ chosen: 1, rejected: 0, p: 1, weight: 1 }]);
  });
});

describe('the system message of the domain', () => {
  const question = { role: 'user' as const, content: 'Hi?' };
  const choice = { type: 'tie' } satisfies Choice;

  it('is put before a conversation without one', () => {
    const input = judged({ a: 'A', b: 'B' }, choice, { prompt: { messages: [question], group: 'g' } });
    expect(exampleOf(input, 'Be brief.').prompt).toEqual({
      messages: [{ role: 'system', content: 'Be brief.' }, question],
      group: 'g',
    });
    expect(exampleOf(input).prompt).toEqual(input.prompt);
  });

  it('gives way to the conversation’s own, and to plain prompts', () => {
    const own = { messages: [{ role: 'system' as const, content: 'Be long.' }, question] };
    expect(exampleOf(judged({ a: 'A', b: 'B' }, choice, { prompt: own }), 'Be brief.').prompt).toEqual(own);
    expect(exampleOf(judged({ a: 'A', b: 'B' }, choice), 'Be brief.').prompt).toEqual({ text: 'Say hi.' });
  });
});

describe('what cannot train says why', () => {
  const rating = { type: 'rating', ratings: [{ candidate: 'a', rating: 3 }] } satisfies Choice;
  it.each<[string, Record<string, string>, Choice]>([
    ['skip', { a: 'A', b: 'B' }, { type: 'skip' }],
    ['bothBad', { a: 'A', b: 'B' }, { type: 'bothBad' }],
    ['unsupportedKind', { a: 'A', b: 'B' }, { type: 'stepMark', candidate: 'a', firstWrongStep: null }],
    ['singleRating', { a: 'A', b: 'B' }, rating],
    ['emptyCompletion', { a: 'A', b: '' }, { type: 'pair', chosen: 'a' }],
    ['equalTexts', { a: 'A', b: 'A' }, { type: 'pair', chosen: 'a' }],
    ['equalTexts', { a: 'A', b: 'A' }, { type: 'tie' }],
  ])('%s', (reason, texts, choice) => {
    expect(buildExample(judged(texts, choice), DPO)).toEqual({ notTrainable: reason });
  });
});

it('what has no pairs says itself what it counts: a liked answer, and a step that was marked wrong', () => {
  const candidates = [
    { id: 'a', content: { type: 'text' as const, text: 'A' } },
    { id: 's', content: { type: 'steps' as const, steps: ['right', 'wrong'] } },
  ];
  const asked = { preference: 'h1', prompt: { text: '?', answer: '4' }, candidates, confidence: 1 };
  const liked: Choice = { type: 'rating', ratings: [{ candidate: 'a', rating: 1 }] };
  const marked: Choice = { type: 'stepMark', candidate: 's', firstWrongStep: 1 };
  for (const weight of [1, 0.25, 0]) {
    const said = weight === 1 ? {} : { weight };
    const { prompt, preference } = asked;
    expect(buildExample({ ...asked, choice: liked, weight }, { method: 'sft' })).toEqual({
      ...{ prompt, preference, completions: ['A'], pairs: [], ratings: [1] },
      ...said,
    });
    expect(buildExample({ ...asked, choice: marked, weight }, { method: 'step-dpo' })).toEqual({
      ...{ prompt, preference, completions: ['wrong'], pairs: [], prefix: 'right\n' },
      ...said,
    });
  }
});

describe('for any choice over any texts', () => {
  const random = seededRandom(7);

  it('the example fits its contract, names each two completions once and keeps the weight', () => {
    let examples = 0;
    for (let round = 0; round < 2000; round += 1) {
      const input = randomJudged(random);
      const built = buildExample(input, DPO);
      if ('notTrainable' in built) continue;
      examples += 1;
      const { completions, pairs } = Example.parse(built);
      expect(new Set(completions).size).toBe(completions.length);
      expect(completions.every((text) => text.trim() !== '')).toBe(true);
      const sides = pairs.map(({ chosen, rejected }) => [chosen, rejected].sort().join());
      expect(new Set(sides).size).toBe(pairs.length);
      expect(pairs.every(({ chosen, rejected, p }) => chosen !== rejected && p >= 0.5)).toBe(true);
      expect(new Set(pairs.flatMap(({ chosen, rejected }) => [chosen, rejected])).size).toBe(completions.length);
      expect(pairs.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(input.weight, 12);
    }
    expect(examples).toBeGreaterThan(1000);
  });

  it('does not depend on the order in which a tie or the ratings are listed', () => {
    for (let round = 0; round < 500; round += 1) {
      const input = randomJudged(random);
      if (input.choice.type !== 'rating') continue;
      const turned = { ...input, choice: { ...input.choice, ratings: [...input.choice.ratings].reverse() } };
      expect(statements(turned)).toEqual(statements(input));
    }
  });
});

/** The pairs as sorted sentences, a half said both ways round being the same sentence. */
function statements(input: Stored): string[] | string {
  const built = buildExample(input, DPO);
  if ('notTrainable' in built) return built.notTrainable;
  const { completions, pairs } = built;
  return pairs
    .map(({ chosen, rejected, p, weight }) => {
      const sides = [completions[chosen], completions[rejected]];
      return `${(p === 0.5 ? sides.sort() : sides).join(' > ')} ${p.toFixed(9)} ${weight.toFixed(9)}`;
    })
    .sort();
}

function randomJudged(random: Random): Stored {
  const k = 2 + Math.floor(random() * 7);
  const ids = Array.from({ length: k }, (_, i) => `c${i}`);
  const texts = ['', ' ', 'one', 'two', 'three', 'four', 'five', 'six'];
  const shuffled = ids.map((id) => ({ id, at: random() })).sort((a, b) => a.at - b.at);
  const ranking: string[][] = [];
  for (const { id } of shuffled) {
    if (random() < 0.3 && ranking.length > 0) ranking.at(-1)?.push(id);
    else ranking.push([id]);
  }
  const ratings = shuffled
    .slice(0, 1 + Math.floor(random() * k))
    .map(({ id }) => ({ candidate: id, rating: Math.floor(random() * 4) }));
  const choice = pick<Choice>(random, [
    { type: 'pair', chosen: pick(random, ids) },
    { type: 'tie' },
    { type: 'ranking', ranking },
    { type: 'rating', ratings },
  ]);
  const rest = { confidence: 0.5 + random() / 2, weight: random() };
  return judged(Object.fromEntries(ids.map((id) => [id, pick(random, texts)])), choice, rest);
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T;
}
