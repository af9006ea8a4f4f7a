import { expect, test } from 'vitest';
import { parseLine } from '../../../shared/formats/format.ts';

const parse = (record: unknown, columns = {}) => parseLine('trl', JSON.stringify(record), columns);
const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });

test('explicit prompt, plain text', () => {
  expect(parse({ prompt: 'The sky is', chosen: ' blue.', rejected: ' green.' })).toEqual({
    row: { prompt: { text: 'The sky is' }, chosen: ' blue.', rejected: ' green.' },
  });
});

test('explicit prompt, conversation', () => {
  const record = { prompt: [user('Sky?')], chosen: [assistant('Blue.')], rejected: [assistant('Green.')] };
  expect(parse(record)).toEqual({
    row: { prompt: { messages: [user('Sky?')] }, chosen: 'Blue.', rejected: 'Green.' },
  });
});

test('implicit prompt, conversation: the turns that both begin with', () => {
  const start = [{ role: 'system', content: 's' }, user('a'), assistant('b'), user('c')];
  const record = { chosen: [...start, assistant('yes')], rejected: [...start, assistant('no')] };
  expect(parse(record)).toEqual({ row: { prompt: { messages: start }, chosen: 'yes', rejected: 'no' } });
});

test('implicit prompt, plain text: ends between words, not inside one', () => {
  expect(parse({ chosen: 'The sky is blue.', rejected: 'The sky is black.' })).toEqual({
    row: { prompt: { text: 'The sky is' }, chosen: ' blue.', rejected: ' black.' },
  });
});

test('a prompt column beside whole conversations is taken from the conversations', () => {
  const record = {
    prompt: 'Sky?',
    chosen: [user('Sky?'), assistant('Blue.')],
    rejected: [user('Sky?'), assistant('Red.')],
  };
  const row = { prompt: { messages: [user('Sky?')] }, chosen: 'Blue.', rejected: 'Red.' };
  expect(parse(record)).toEqual({ row });
  expect(parse({ ...record, chosen: [assistant('Blue.')], rejected: [assistant('Red.')] })).toEqual({ row });
  expect(parse({ prompt: [user('Sky?')], chosen: 'Blue.', rejected: 'Red.' })).toEqual({ row });
});

test('equal answers and empty answers are rows: the edge stores them and says that they cannot train', () => {
  const same = [user('q'), assistant('same')];
  expect(parse({ chosen: same, rejected: same })).toEqual({
    row: { prompt: { messages: [user('q')] }, chosen: 'same', rejected: 'same' },
  });
  expect(parse({ prompt: 'q', chosen: '', rejected: 'a' })).toHaveProperty('row');
});

test('text in parts is text; the developer is the system', () => {
  const prompt = [
    {
      role: 'developer',
      content: [
        { type: 'text', text: 'Be ' },
        { type: 'text', text: 'kind.' },
      ],
    },
    user('q'),
  ];
  expect(parse({ prompt, chosen: [assistant('a')], rejected: [assistant('b')] })).toMatchObject({
    row: { prompt: { messages: [{ role: 'system', content: 'Be kind.' }, user('q')] } },
  });
});

test('columns that are not ours are ignored', () => {
  expect(parse({ prompt: 'p', chosen: 'a', rejected: 'b', score_chosen: 3, tools: [], images: null })).toHaveProperty(
    'row',
  );
});

test('extra columns name the person, the split group and the confidence', () => {
  const record = { prompt: 'p', chosen: 'a', rejected: 'b', who: 'u7', prompt_id: 12, sure: 0.8 };
  expect(parse(record, { user: 'who', group: 'prompt_id', confidence: 'sure' })).toEqual({
    row: { prompt: { text: 'p' }, chosen: 'a', rejected: 'b', user: 'u7', group: '12', confidence: 0.8 },
  });
  const bare = { ...record, who: null, prompt_id: null, sure: undefined };
  expect(parse(bare, { user: 'who', group: 'prompt_id', confidence: 'sure' })).toEqual({
    row: { prompt: { text: 'p' }, chosen: 'a', rejected: 'b' },
  });
});

test.each([
  ['missing column', { prompt: 'p', chosen: 'a' }, 'missingField', 'rejected'],
  ['no prompt in common', { chosen: 'Yes.', rejected: 'No.' }, 'noSharedPrompt', 'prompt'],
  [
    'no turn in common',
    { chosen: [user('a'), assistant('b')], rejected: [user('c'), assistant('d')] },
    'noSharedPrompt',
    'prompt',
  ],
  ['text against conversation', { prompt: 'p', chosen: 'a', rejected: [assistant('b')] }, 'wrongType', 'chosen'],
  ['prompt of another type', { prompt: 7, chosen: 'a', rejected: 'b' }, 'wrongType', 'prompt'],
  ['empty prompt', { prompt: '', chosen: 'a', rejected: 'b' }, 'empty', 'prompt.text'],
  ['no messages', { prompt: [], chosen: [assistant('a')], rejected: [assistant('b')] }, 'empty', 'prompt.messages'],
  [
    'prompt that ends with the assistant',
    { prompt: [user('q'), assistant('a')], chosen: [assistant('b')], rejected: [assistant('c')] },
    'invalidText',
    'prompt.messages',
  ],
  [
    'more than one answer',
    { prompt: [user('q')], chosen: [assistant('a'), user('b'), assistant('c')], rejected: [assistant('d')] },
    'notOneAnswer',
    'chosen',
  ],
  [
    'one conversation inside the other',
    { chosen: [user('q'), assistant('a')], rejected: [user('q'), assistant('a'), user('r'), assistant('b')] },
    'notOneAnswer',
    'rejected',
  ],
  ['no answer', { prompt: [user('q')], chosen: [], rejected: [assistant('d')] }, 'notOneAnswer', 'chosen'],
  [
    'answer by the user',
    { prompt: [user('q')], chosen: [user('a')], rejected: [assistant('d')] },
    'notOneAnswer',
    'chosen',
  ],
  ['tools', { prompt: 'p', chosen: 'a', rejected: 'b', tools: [{ type: 'function' }] }, 'unsupported', 'tools'],
  [
    'image parts',
    { prompt: [{ role: 'user', content: [{ type: 'image' }] }], chosen: [assistant('a')], rejected: [assistant('b')] },
    'unsupported',
    'prompt.0.content',
  ],
  [
    'another role',
    { prompt: [{ role: '__proto__', content: 'x' }], chosen: [assistant('a')], rejected: [assistant('b')] },
    'unsupported',
    'prompt.0.role',
  ],
  ['NUL', { prompt: 'p', chosen: 'a\0', rejected: 'b' }, 'invalidText', 'chosen'],
  ['lone surrogate', { prompt: 'p\ud800', chosen: 'a', rejected: 'b' }, 'invalidText', 'prompt.text'],
  ['text beyond the limit', { prompt: 'p', chosen: 'a', rejected: 'b'.repeat(2_000_000) }, 'tooLong', 'rejected'],
  ['array', [1], 'wrongType', null],
  ['number', 3, 'wrongType', null],
] as const)('%s: a reason with its column', (_, record, reason, field) => {
  expect(parse(record)).toMatchObject({ rejection: { reason, field, message: expect.stringMatching(/\S/) } });
});

test('what is wrong with an extra column is said by its name', () => {
  const record = { prompt: 'p', chosen: 'a', rejected: 'b', who: 'a name with spaces', sure: 0.2 };
  expect(parse(record, { group: 'prompt_id' })).toMatchObject({
    rejection: { reason: 'missingField', field: 'prompt_id' },
  });
  expect(parse(record, { user: 'who' })).toMatchObject({ rejection: { field: 'user' } });
  expect(parse(record, { confidence: 'sure' })).toMatchObject({ rejection: { reason: 'outOfRange' } });
});

test('a line that is not JSON is told apart', () => {
  for (const line of ['{"prompt": "p"', 'prompt,chosen,rejected', '{"a":1}{"b":2}', '\u0000']) {
    expect(parseLine('trl', line)).toMatchObject({ rejection: { reason: 'invalidJson', field: null } });
  }
});
