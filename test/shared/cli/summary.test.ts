import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeMachine, formatCommand, vectors, writeSummary } from '../../../shared/cli/summary.ts';

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'prefloop-summary-'))));
afterAll(() => rm(folder, { recursive: true }));

const summary = { name: 'demo', command: 'npm run demo', machine: describeMachine(), seeds: [1] };

test('a summary is read back as it was written', async () => {
  const file = join(folder, 'good.json');
  const figures = { seconds: 12.5, 'winRate.brief': { value: 0.9, low: 0.85, high: 0.94, n: 300 } };
  await writeSummary(file, { ...summary, figures, rows: [{ votes: 3 }] });
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ ...summary, figures, rows: [{ votes: 3 }] });
});

test('a figure that is not a number is an error that names it, not a null in the file', async () => {
  const file = join(folder, 'bad.json');
  await expect(writeSummary(file, { ...summary, figures: { p50: NaN } })).rejects.toThrow('figure p50');
  const broken = { value: 1, low: -Infinity, high: 1, n: 0 };
  await expect(writeSummary(file, { ...summary, figures: { 'winRate.brief': broken } })).rejects.toThrow(
    'winRate.brief',
  );
  await expect(readFile(file)).rejects.toThrow('ENOENT');
});

test('the machine line names system, processors, memory and Node', () => {
  expect(describeMachine()).toMatch(/^\S.*, \d+ × .+, \d+ GB, Node \d+\.\d+\.\d+$/);
});

test('the widest vectors of a processor are named', () => {
  expect(vectors('processor : 0\nflags\t\t: fpu avx avx2 sse\n')).toBe('AVX2');
  expect(vectors('flags : avx2 avx512f avx512_bf16 avx512vl\n')).toBe('AVX-512 and bf16');
  expect(vectors('')).toBe('');
});

test('a command is quoted so that a shell reads the same words', () => {
  expect(formatCommand(['npm', 'run', 'demo', '--', '--model', "it's here"])).toBe(
    "npm run demo -- --model 'it'\\''s here'",
  );
});
