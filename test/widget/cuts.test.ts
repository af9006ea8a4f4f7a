import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCuts } from './cuts.ts';
import { Stage } from './stage.ts';

const SEEDS = 200;

const stage = new Stage();
beforeAll(() => stage.start());
afterAll(() => stage.stop());

it('delivers each vote exactly once, with the net cut at random moments', { timeout: 600_000 }, async () => {
  const seeds = Array.from({ length: Number(process.env.PREFLOOP_CUT_SEEDS ?? SEEDS) }, (_, n) => n + 1);
  const report = await runCuts(stage, seeds);
  expect(report).toMatchObject({ lost: 0, doubled: 0 });
  // The net was really cut, minds were changed, and pages were left.
  expect(report.cast).toBeGreaterThan(seeds.length * 5);
  expect(report.cuts).toBeGreaterThan(seeds.length * 2);
  expect(report.reloads).toBeGreaterThan(0);
  expect(report.untold).toBeLessThanOrEqual(report.reloads / 5);
  expect(report.undone).toBeGreaterThan(0);
});
