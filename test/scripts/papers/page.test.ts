import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { experimentNames, PAGE, REPORTS } from '../../../scripts/papers/experiments.ts';
import { printPage, type Report, readPage } from '../../../scripts/papers/page.ts';

const interval = (value: number) => ({ value, low: value - 0.01, high: value + 0.01, n: 5 });
const report: Report = {
  name: 'simpo',
  title: 'SimPO (arXiv 2405.14734)',
  settings: 'ten prompts',
  notes: ['Small.'],
  seeds: [0, 1, 2, 3, 4],
  cpuSeconds: 61,
  chosen: { dpo: { beta: 0.1 }, simpo: {} },
  trials: { dpo: [{}, {}], simpo: [{}, {}] },
  figures: { dpo: { winRate: interval(0.6) }, simpo: { winRate: interval(0.7), extra: interval(1e-5) } },
  claims: [
    { text: 'it wins | more', authors: '20.3', unit: 'points', verdict: 'reproduced', evidence: interval(0.1) },
    { text: 'it is cheap', authors: '–', unit: '', verdict: 'not testable here', why: 'no clock' },
  ],
  measured: { command: 'npm run papers', machine: 'a machine', date: '2026-01-02' },
};

it('says of every claim what was found, with its interval, and where it was measured', () => {
  const page = printPage([report]);
  expect(page).toContain('| it wins \\| more | 20.3 | 0.1 (0.09 – 0.11) points | **reproduced** |');
  expect(page).toContain('| it is cheap | – | no clock | **not testable here** |');
  expect(page).toContain('| simpo |  | 0.7 (0.69 – 0.71) | 1.0e-5');
  expect(page).toContain('| dpo | beta 0.1 | 0.6 (0.59 – 0.61) | – |');
  expect(page).toContain('- seeds: 0, 1, 2, 3, 4; trials on another seed: dpo 2, simpo 2');
  expect(page).toContain('[SimPO (arXiv 2405.14734)](#simpo-arxiv-240514734)');
});

it('is the same for the same measurements', () => {
  expect(printPage([report])).toBe(printPage([structuredClone(report)]));
});

it('says which experiments were not measured yet', () => {
  expect(printPage([report], ['srpo'])).toContain('Not measured yet: `srpo`.');
});

it('the page in the repository is the one that its measurements make', async () => {
  expect(await readFile(PAGE, 'utf8')).toBe(await readPage(REPORTS, await experimentNames()));
});
