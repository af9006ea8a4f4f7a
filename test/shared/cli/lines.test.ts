import { expect, test } from 'vitest';
import { type Position, readLines } from '../../../shared/cli/lines.ts';

async function* cut(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(bytes: Buffer, size: number, start?: Position, maxBytes?: number) {
  const lines = [];
  for await (const line of readLines(cut(bytes, size), start, maxBytes)) lines.push(line);
  return lines;
}

const file = Buffer.from('\ufeffone\r\nzwei 👩‍👩‍👧\n\n  \nlast, with U+2028\u2028inside');

test('lines are the same however the bytes are cut', async () => {
  const texts = ['one', 'zwei 👩‍👩‍👧', '', '  ', 'last, with U+2028\u2028inside'];
  for (const size of [1, 2, 3, 7, 1000]) {
    const lines = await read(file, size);
    expect(lines.map(({ text }) => text)).toEqual(texts);
    expect(lines.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
    expect(lines.at(-1)?.end).toEqual({ offset: file.length, line: 5 });
  }
});

test('reading from any line’s end gives exactly the lines after it', async () => {
  const lines = await read(file, 5);
  for (const [index, { end }] of lines.entries()) {
    expect(await read(file.subarray(end.offset), 4, end)).toEqual(lines.slice(index + 1));
  }
});

test('bytes that are no UTF-8 spoil their own line only', async () => {
  const bytes = Buffer.concat([Buffer.from('a\n'), Buffer.from([0xff, 0xfe, 0x41, 0x0a]), Buffer.from('b\n')]);
  expect(await read(bytes, 2)).toMatchObject([
    { number: 1, text: 'a' },
    { number: 2, text: undefined, problem: 'invalidUtf8' },
    { number: 3, text: 'b' },
  ]);
});

test('a line without end is given up, and those after it are read', async () => {
  const bytes = Buffer.from(`short\n${'x'.repeat(5000)}\nafter`);
  const lines = await read(bytes, 64, undefined, 1000);
  expect(lines).toMatchObject([
    { number: 1, text: 'short' },
    { number: 2, text: undefined, problem: 'lineTooLong', end: { offset: 5007 } },
    { number: 3, text: 'after' },
  ]);
});

test('an empty file has no lines', async () => {
  expect(await read(Buffer.alloc(0), 1)).toEqual([]);
});
