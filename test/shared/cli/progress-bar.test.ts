import { expect, test } from 'vitest';
import { formatSeconds, startProgress } from '../../../shared/cli/progress-bar.ts';

function setUp(isTTY: boolean, total?: number) {
  let time = 0;
  let output = '';
  const stream = { isTTY, columns: 60, write: (text: string) => (output += text) };
  const options = { label: 'import', unit: 'rows', stream, now: () => time, ...(total && { total }) };
  const progress = startProgress(options);
  return { progress, advance: (seconds: number) => (time += seconds * 1000), output: () => output };
}

test('a terminal shows a bar with count, rate and time left, redrawn at most ten times a second', () => {
  const { progress, advance, output } = setUp(true, 200);
  advance(2);
  progress.update(100, '1 rejected');
  expect(output()).toContain('████████████░░░░░░░░░░░░');
  expect(output()).toContain('100 of 200 rows, 50/s');
  const drawn = output().length;
  advance(0.05);
  progress.update(101);
  expect(output().length).toBe(drawn);
  advance(0.05);
  progress.update(102);
  expect(output().length).toBeGreaterThan(drawn);
  const lines = output().split('\r\x1b[2K').slice(1);
  for (const line of lines) expect(line.length).toBeLessThan(60);
});

test('a log gets a whole line now and then and no control characters', () => {
  const { progress, advance, output } = setUp(false, 100);
  for (let second = 1; second <= 25; second++) {
    advance(1);
    progress.update(second * 4, 'fine');
  }
  expect(output()).toBe(
    'import: 40 of 100 rows, 4.0/s, 15 s left, fine\nimport: 80 of 100 rows, 4.0/s, 5.0 s left, fine\n',
  );
});

test('the end is one line, on both', () => {
  for (const terminal of [true, false]) {
    const { progress, output } = setUp(terminal);
    progress.finish('imported 3 rows');
    expect(output().replace('\r\x1b[2K', '')).toBe('imported 3 rows\n');
  }
});

test('durations read naturally', () => {
  expect([0.42, 12.3, 99.4, 185, 7620].map(formatSeconds)).toEqual([
    '0.4 s',
    '12 s',
    '99 s',
    '3 min 05 s',
    '2 h 07 min',
  ]);
});
