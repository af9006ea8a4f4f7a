import { expect, test } from 'vitest';
import { parseLine, printLine } from '../../../shared/formats/format.ts';

const record = {
  input: {
    messages: [{ role: 'user', content: 'Hello, can you tell me how cold San Francisco is?' }],
    tools: [],
    parallel_tool_calls: true,
  },
  preferred_output: [{ role: 'assistant', content: 'About 14 °C today.' }],
  non_preferred_output: [{ role: 'assistant', content: 'It is not particularly cold.' }],
};
const parse = (changes: Record<string, unknown>) => parseLine('openai', JSON.stringify({ ...record, ...changes }));

test('a line is a row, and the row is the same line again', () => {
  const parsed = parse({});
  expect(parsed).toEqual({
    row: {
      prompt: { messages: record.input.messages },
      chosen: 'About 14 °C today.',
      rejected: 'It is not particularly cold.',
    },
  });
  const printed = 'row' in parsed && printLine('openai', parsed.row);
  expect(printed && 'line' in printed && JSON.parse(printed.line)).toEqual(record);
});

test.each([
  ['no input', { input: undefined }, 'missingField', 'input'],
  ['input that is a list', { input: [] }, 'wrongType', 'input'],
  ['input without messages', { input: {} }, 'wrongType', 'input.messages'],
  ['no output', { preferred_output: undefined }, 'missingField', 'preferred_output'],
  ['output that is text', { preferred_output: 'yes' }, 'wrongType', 'preferred_output'],
  [
    'a tool’s output',
    { non_preferred_output: [{ role: 'tool', content: 'x' }] },
    'unsupported',
    'non_preferred_output.0.role',
  ],
  [
    'a call of a tool',
    { preferred_output: [{ role: 'assistant', content: '', tool_calls: [{ id: 1 }] }] },
    'unsupported',
    'preferred_output.0.tool_calls',
  ],
  ['tools', { input: { ...record.input, tools: [{ type: 'function' }] } }, 'unsupported', 'input.tools'],
  [
    'two outputs',
    { preferred_output: [...record.preferred_output, ...record.preferred_output] },
    'notOneAnswer',
    'preferred_output',
  ],
] as const)('%s: a reason with its column', (_, changes, reason, field) => {
  expect(parse(changes)).toMatchObject({ rejection: { reason, field } });
});
