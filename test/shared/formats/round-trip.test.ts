import { expect, test } from 'vitest';
import { asChat, type PairFormatName, pairFormatNames, parseLine, printLine } from '../../../shared/formats/format.ts';
import type { Row } from '../../../shared/formats/row.ts';
import { seededRandom } from '../../../shared/math/random.ts';
import { nastyTexts, pick, randomRows } from './random-rows.ts';

const columns = { user: 'annotator', group: 'prompt_id', confidence: 'confidence' };

function roundTrip(format: PairFormatName, row: Row): Row {
  const printed = printLine(format, row, columns);
  if (!('line' in printed)) throw new Error(`${format} cannot print: ${printed.rejection.message}`);
  expect(printed.line, 'one row is one line').not.toMatch(/[\n\r]/);
  const parsed = parseLine(format, printed.line, columns);
  if (!('row' in parsed)) throw new Error(`${format} cannot read what it printed: ${parsed.rejection.message}`);
  return parsed.row;
}

test.each([
  ['trl', 'chat', true],
  ['trl', 'text', true],
  ['openai', 'chat', true],
  ['hh', 'chat', false],
] as const)('%s: what is printed of %s rows is read back as the same rows', (format, kind, system) => {
  for (const row of randomRows(1, 500, kind, system)) expect(roundTrip(format, row)).toEqual(row);
});

test('each nasty text survives as prompt, chosen and rejected of every format', () => {
  for (const format of pairFormatNames) {
    for (const text of nastyTexts) {
      const prompt = { messages: [{ role: 'user' as const, content: text || 'filled' }] };
      const row = { prompt, chosen: text, rejected: `${text} ` };
      expect(roundTrip(format, row)).toEqual(row);
    }
  }
});

test('a row goes through all formats and comes out unchanged', () => {
  for (const row of randomRows(2, 200, 'chat', false)) {
    expect(roundTrip('hh', roundTrip('openai', roundTrip('trl', row)))).toEqual(row);
  }
});

test('without extra columns a file holds the format’s own columns and nothing about people', () => {
  const [row] = randomRows(3, 1, 'chat', false);
  if (!row) throw new Error('no row');
  const keys = {
    trl: ['prompt', 'chosen', 'rejected'],
    openai: ['input', 'preferred_output', 'non_preferred_output'],
    hh: ['chosen', 'rejected'],
  };
  for (const format of pairFormatNames) {
    const printed = printLine(format, { ...row, user: 'u1', group: 'g', confidence: 0.7 });
    expect('line' in printed && Object.keys(JSON.parse(printed.line))).toEqual(keys[format]);
  }
});

test('a plain prompt is refused by the chat formats with the reason, and can be made a user’s turn', () => {
  for (const row of randomRows(4, 20, 'text')) {
    for (const format of ['openai', 'hh'] as const) {
      expect(printLine(format, row)).toMatchObject({ rejection: { reason: 'unsupported', field: 'prompt' } });
      expect(roundTrip(format, asChat(row))).toEqual(asChat(row));
    }
  }
});

test('a transcript refuses what it would read back differently', () => {
  const row = { prompt: { messages: [{ role: 'user' as const, content: 'hi' }] }, chosen: 'a', rejected: 'b' };
  const spoofed = [
    { ...row, chosen: 'fine\n\nHuman: more' },
    { ...row, rejected: '\n\nAssistant:' },
    { ...row, prompt: { messages: [{ role: 'user' as const, content: 'q\n\nAssistant: a' }] } },
    { ...row, prompt: { messages: [{ role: 'system' as const, content: 's' }, ...row.prompt.messages] } },
  ];
  for (const each of spoofed) expect(printLine('hh', each)).toMatchObject({ rejection: { reason: 'unsupported' } });
});

/** Replaces a random place of a parsed line: with another type, a nasty text, nothing at all. */
function damage(value: unknown, random: () => number): unknown {
  if (typeof value !== 'object' || value === null || random() < 0.2) {
    return pick(random, [null, undefined, 0, true, [], {}, [[]], '\ud800', 'nul\0', { role: 'tool' }, ...nastyTexts]);
  }
  const keys = Object.keys(value);
  const key = pick(random, [...keys, 'extra']);
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
  copy[key] = damage(copy[key], random);
  return copy;
}

test('damaged lines give a row or a reason, never an exception, and rows that are accepted are valid', () => {
  const random = seededRandom(5);
  let [rows, rejections] = [0, 0];
  for (const format of pairFormatNames) {
    for (const row of randomRows(6, 700, 'chat', false)) {
      const printed = printLine(format, row, columns);
      if (!('line' in printed)) throw new Error(printed.rejection.message);
      const line = JSON.stringify(damage(JSON.parse(printed.line), random)) ?? '';
      const cut = random() < 0.3 ? line.slice(0, Math.floor(random() * line.length)) : line;
      const parsed = parseLine(format, cut, columns);
      if ('row' in parsed) {
        rows++;
        const again = printLine('trl', parsed.row, columns);
        expect('line' in again && parseLine('trl', again.line, columns)).toEqual(parsed);
      } else {
        rejections++;
        expect(parsed.rejection.message.length).toBeGreaterThan(3);
      }
    }
  }
  expect(rows).toBeGreaterThan(100);
  expect(rejections).toBeGreaterThan(500);
});
