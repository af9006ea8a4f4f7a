import { expect, test } from 'vitest';
import { parseLine } from '../../../shared/formats/format.ts';

const parse = (chosen: unknown, rejected: unknown) => parseLine('hh', JSON.stringify({ chosen, rejected }));

test('a dialogue is split into turns; the prompt is what both begin with', () => {
  const start = '\n\nHuman: Hi\n\nAssistant: Hello!\n\nHuman: Why is the sky blue?\n\nAssistant:';
  expect(parse(`${start} Rayleigh scattering.`, `${start} Because.\nIt just is.`)).toEqual({
    row: {
      prompt: {
        messages: [
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content: 'Hello!' },
          { role: 'user', content: 'Why is the sky blue?' },
        ],
      },
      chosen: 'Rayleigh scattering.',
      rejected: 'Because.\nIt just is.',
    },
  });
});

test('exactly one space after the colon belongs to the marker', () => {
  expect(parse('\n\nHuman: q\n\nAssistant:  a ', '\n\nHuman: q\n\nAssistant:')).toMatchObject({
    row: { chosen: ' a ', rejected: '' },
  });
});

test('equal dialogues keep their last turn as the answer', () => {
  const same = '\n\nHuman: q\n\nAssistant: a';
  expect(parse(same, same)).toMatchObject({
    row: { chosen: 'a', rejected: 'a', prompt: { messages: [{ content: 'q' }] } },
  });
});

test.each([
  ['plain text', 'Hello', 'Hello there', 'wrongType', 'chosen'],
  ['a missing column', undefined, '\n\nHuman: q\n\nAssistant: a', 'missingField', 'chosen'],
  ['a list', '\n\nHuman: q\n\nAssistant: a', [], 'wrongType', 'rejected'],
  ['different first turns', '\n\nHuman: a\n\nAssistant: x', '\n\nHuman: b\n\nAssistant: y', 'noSharedPrompt', 'chosen'],
  [
    'dialogues that part before the last turn',
    '\n\nHuman: q\n\nAssistant: a\n\nHuman: r\n\nAssistant: b',
    '\n\nHuman: q\n\nAssistant: c',
    'notOneAnswer',
    'chosen',
  ],
  [
    'a dialogue that ends with the person',
    '\n\nHuman: q\n\nHuman: r',
    '\n\nHuman: q\n\nAssistant: a',
    'notOneAnswer',
    'chosen',
  ],
  [
    'a person who says nothing',
    '\n\nHuman:\n\nAssistant: a',
    '\n\nHuman:\n\nAssistant: b',
    'empty',
    'prompt.messages.0.content',
  ],
] as const)('%s: a reason with its column', (_, chosen, rejected, reason, field) => {
  expect(parse(chosen, rejected)).toMatchObject({ rejection: { reason, field } });
});
