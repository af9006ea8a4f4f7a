import { expect, test } from 'vitest';
import { sharedTextLength } from '../../../shared/formats/shared-prompt.ts';
import { seededRandom } from '../../../shared/math/random.ts';
import { pick } from './random-rows.ts';

const shared = (a: string, b: string) => a.slice(0, sharedTextLength(a, b));

test('no word is split where the texts part inside one', () => {
  expect(shared('The sky is blue.', 'The sky is black.')).toBe('The sky is');
  expect(shared("I don't know", "I don'ts know")).toBe('I');
  expect(shared('It costs 3.14 now', 'It costs 3.15 now')).toBe('It costs');
  expect(shared('Q: 2+2?\nA: 4', 'Q: 2+2?\nA: 5')).toBe('Q: 2+2?\nA:');
});

test('where one text is the start of the other, no shared character is lost from inside a word', () => {
  expect(shared('The sky is', 'The sky is blue')).toBe('The sky');
  expect(shared('The sky is blue', 'The sky is')).toBe('The sky');
  expect(shared('The sky is blue', 'The sky is blueish')).toBe('The sky is');
  expect(shared('The sky is blue.', 'The sky is blue.')).toBe('The sky is blue');
});

test('the space before the answer goes with the answer, as tokenizers take it', () => {
  expect(shared('The sky is blue', 'The sky is red')).toBe('The sky is');
  expect(shared('The sky is  blue', 'The sky is  red')).toBe('The sky is ');
});

test('neither characters, emoji nor line ends are cut', () => {
  expect(shared('So 👩‍👩‍👧', 'So 👩‍👩‍👦')).toBe('So');
  expect(shared('So 😀', 'So 😃')).toBe('So');
  expect(shared('cafe\u0301 au lait', 'cafe noir')).toBe('');
  expect(shared('line\r\nyes', 'line\rno')).toBe('line');
  expect(shared('天空是蓝色的', '天空是黑色的')).toBe('天空是');
});

test('texts with nothing in common have no prompt', () => {
  for (const [a, b] of [
    ['', ''],
    ['a', ''],
    ['Yes', 'No'],
    ['Yes', 'Yesterday'],
    ['same', 'same'],
  ] as const) {
    expect(shared(a, b)).toBe('');
  }
});

const vocabulary = [
  'The',
  'sky',
  'skyline',
  "don't",
  'don',
  '3.1',
  '3.14',
  'é',
  'e',
  '.',
  ',',
  '!',
  '😀',
  '👍🏽',
  '👍',
  '蓝色',
  '蓝',
  'Grün',
];

test('for random texts: what is shared is common, leaves something of both, and ends where a word of both ends', () => {
  const random = seededRandom(9);
  const sentence = (n: number) =>
    Array.from({ length: n }, () => pick(random, vocabulary)).join(pick(random, [' ', ' ', '\n', '']));
  const segmenter = new Intl.Segmenter('en', { granularity: 'word' });
  const starts = (text: string) => new Set(Array.from(segmenter.segment(text), ({ index }) => index));
  let found = 0;
  for (let trial = 0; trial < 3000; trial++) {
    const start = sentence(Math.floor(random() * 8));
    const [a, b] = [start + sentence(1 + Math.floor(random() * 4)), start + sentence(1 + Math.floor(random() * 4))];
    const length = sharedTextLength(a, b);
    expect(sharedTextLength(b, a)).toBe(length);
    if (length === 0) continue;
    found++;
    expect(a.slice(0, length)).toBe(b.slice(0, length));
    expect(Math.min(a.length, b.length)).toBeGreaterThan(length);
    const [inA, inB] = [starts(a), starts(b)];
    expect(inA.has(length) && inB.has(length)).toBe(true);
    // Longest: every later common boundary would leave nothing of one, or only take the space along.
    for (
      let later = length + 1;
      later < Math.min(a.length, b.length) && a.slice(0, later) === b.slice(0, later);
      later++
    ) {
      if (later === length + 1 && a[length] === ' ') continue;
      expect(inA.has(later) && inB.has(later)).toBe(false);
    }
  }
  expect(found).toBeGreaterThan(1000);
});
