import { describe, expect, it } from 'vitest';
import { Example } from '../../../shared/contracts/batch.ts';
import type { Content } from '../../../shared/contracts/candidate.ts';
import type { Choice } from '../../../shared/contracts/preference.ts';
import type { Prompt } from '../../../shared/contracts/prompt.ts';
import { buildAnyExample, buildExample } from '../../../worker/batches/build-example.ts';
import type { RecipeNeeds } from '../../../worker/batches/recipe-needs.ts';

const preference = '01900000-0000-7000-8000-000000000000';
const text = (value: string): Content => ({ type: 'text', text: value });
const steps = (...values: string[]): Content => ({ type: 'steps', steps: values });

function judged(contents: Record<string, Content>, choice: Choice, prompt: Prompt = { text: 'Add.' }) {
  const candidates = Object.entries(contents).map(([id, content]) => ({ id, content }));
  return { preference, prompt, candidates, choice, confidence: 1, weight: 1 };
}

function build(recipe: RecipeNeeds, ...input: Parameters<typeof judged>) {
  const built = buildExample(judged(...input), recipe);
  if (!('notTrainable' in built)) Example.parse(built);
  return built;
}

const ABC = { a: text('A'), b: text('B'), c: text('C') };
const PAIR: Choice = { type: 'pair', chosen: 'a' };

describe('ranked answers', () => {
  const ranking: Choice = { type: 'ranking', ranking: [['b'], ['a', 'c']] };
  const ratings: Choice = {
    type: 'rating',
    ratings: [
      { candidate: 'a', rating: 4 },
      { candidate: 'b', rating: 1 },
      { candidate: 'c', rating: 2.5 },
    ],
  };

  it('a rating comes with the numbers, a ranking with minus the places', () => {
    expect(build({ method: 'dpo' }, ABC, ratings)).toMatchObject({
      completions: ['A', 'B', 'C'],
      ratings: [4, 1, 2.5],
    });
    expect(build({ method: 'curry-dpo' }, ABC, ranking)).toMatchObject({ ratings: [-1, 0, -1] });
    expect(build({ method: 'dpo' }, ABC, PAIR)).not.toHaveProperty('ratings');
  });

  it('one text of two candidates is rated by their mean', () => {
    const twice = { a: text('A'), b: text('B'), c: text('A') };
    expect(build({ method: 'dpo' }, twice, ratings)).toMatchObject({ completions: ['A', 'B'], ratings: [3.25, 1] });
  });

  it.each<[string, Record<string, Content>, Choice]>([
    ['needsRanking', ABC, PAIR],
    ['needsRanking', { a: text('A'), b: text('B') }, { type: 'ranking', ranking: [['a'], ['b']] }],
    ['needsRanking', { a: text('A'), b: text('B'), c: text('A') }, ranking],
    ['equalRatings', ABC, { type: 'ranking', ranking: [['a', 'b', 'c']] }],
  ])('the curriculum needs at least three different answers in an order: %s', (reason, contents, choice) => {
    expect(build({ method: 'curry-dpo' }, contents, choice)).toEqual({ notTrainable: reason });
  });
});

describe('steps', () => {
  const solution = { a: steps('1 + 1 = 2', '2 + 2 = 5', 'Answer: 5'), b: steps('1 + 1 = 3') };
  const mark = (candidate: string, firstWrongStep: number | null): Choice => ({
    type: 'stepMark',
    candidate,
    firstWrongStep,
  });

  it('the first wrong step stands after the right ones; only the last step does not end its line', () => {
    expect(build({ method: 'step-dpo' }, solution, mark('a', 1))).toMatchObject({
      prefix: '1 + 1 = 2\n',
      completions: ['2 + 2 = 5\n'],
      pairs: [],
    });
    expect(build({ method: 'step-dpo' }, solution, mark('a', 2))).toMatchObject({ completions: ['Answer: 5'] });
    expect(build({ method: 'step-dpo' }, solution, mark('b', 0))).toMatchObject({
      prefix: '',
      completions: ['1 + 1 = 3'],
    });
  });

  it.each<[string, RecipeNeeds, Choice]>([
    ['noWrongStep', { method: 'step-dpo' }, mark('a', null)],
    ['needsSteps', { method: 'step-dpo' }, PAIR],
    ['unsupportedKind', { method: 'dpo' }, mark('a', 1)],
  ])('%s', (reason, recipe, choice) => {
    expect(build(recipe, solution, choice)).toEqual({ notTrainable: reason });
  });

  it('a pair will do when the prompt has its answer: the recipe then looks for wrong steps itself', () => {
    expect(build({ method: 'step-dpo' }, ABC, PAIR, { text: 'Add.', answer: '4' })).toHaveProperty('pairs');
  });
});

describe('what a prompt must bring', () => {
  it.each<[RecipeNeeds, Prompt, string | null]>([
    [{ method: 'cofs-dpo' }, { text: 'Add.' }, 'needsTopic'],
    [{ method: 'cofs-dpo' }, { text: 'Add.', topic: 'sums' }, null],
    [{ method: 'mrdpo', ceWeight: 0.1 }, { text: 'Add.' }, 'needsAnswer'],
    [{ method: 'mrdpo', ceWeight: 0.1 }, { text: 'Add.', answer: '4' }, null],
    [{ method: 'mrdpo', ceWeight: 0 }, { text: 'Add.' }, null],
  ])('%o with %o: %s', (recipe, prompt, reason) => {
    const built = build(recipe, ABC, PAIR, prompt);
    expect('notTrainable' in built ? built.notTrainable : null).toBe(reason);
  });
});

describe('one answer alone', () => {
  const rated = (rating: number): Choice => ({ type: 'rating', ratings: [{ candidate: 'a', rating }] });

  it('teaches those that imitate, when it was liked', () => {
    for (const method of ['sft', 'egida', 'rebirth'] as const) {
      expect(build({ method }, { a: text('A') }, rated(1))).toMatchObject({
        completions: ['A'],
        pairs: [],
        ratings: [1],
      });
      expect(build({ method }, { a: text('A') }, rated(0))).toEqual({ notTrainable: 'singleRating' });
      expect(build({ method }, { a: text(' ') }, rated(1))).toEqual({ notTrainable: 'emptyCompletion' });
    }
    expect(build({ method: 'dpo' }, { a: text('A') }, rated(1))).toEqual({ notTrainable: 'singleRating' });
  });

  it('says what its vote counts, where that is not a whole one', () => {
    const liked = judged({ a: text('A') }, rated(1));
    expect(buildExample({ ...liked, weight: 0.25 }, { method: 'sft' })).toMatchObject({ pairs: [], weight: 0.25 });
    expect(buildExample(liked, { method: 'sft' })).not.toHaveProperty('weight');
  });
});

it('what came in under another recipe still makes an example, for the runner to say why it cannot use it', () => {
  const mark: Choice = { type: 'stepMark', candidate: 'a', firstWrongStep: 0 };
  const example = buildAnyExample(judged({ a: steps('1', '2'), b: text('B') }, mark));
  expect(Example.parse(example)).toMatchObject({ completions: ['1\n2', 'B'], pairs: [] });
  expect(Example.parse(buildAnyExample(judged(ABC, PAIR))).pairs).toHaveLength(2);
});
