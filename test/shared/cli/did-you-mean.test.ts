import { expect, test } from 'vitest';
import { didYouMean, findNearest } from '../../../shared/cli/did-you-mean.ts';

const words = ['adapters', 'batches', 'domains', 'stats', 'show', 'keys'];

test.each([
  ['domain', 'domains'],
  ['adpaters', 'adapters'],
  ['batchs', 'batches'],
  ['stat', 'stats'],
  ['hsow', 'show'],
  ['bat', 'batches'],
  ['kesy', 'keys'],
])('%s is taken for %s', (typed, meant) => {
  expect(findNearest(typed, words)).toBe(meant);
});

test('what is near nothing is not guessed', () => {
  expect(findNearest('frobnicate', words)).toBeNull();
  expect(findNearest('', words)).toBeNull();
  expect(didYouMean('frobnicate', words)).toBe('');
  expect(didYouMean('domain', words)).toBe(' (did you mean domains?)');
});
