import { describe, expect, it } from 'vitest';
import { isHeldOut, splitPoint } from '../../../shared/math/hold-out.ts';
import vectors from '../../../shared/vectors/hold-out.json' with { type: 'json' };

describe('the split', () => {
  it.each(vectors.cases)(
    'of the vector $project/$domain/$unit',
    async ({ project, domain, unit, point, heldOutAt }) => {
      expect(await splitPoint(project, domain, unit)).toBe(point);
      for (const [share, expected] of Object.entries(heldOutAt)) {
        expect(await isHeldOut(project, domain, unit, Number(share))).toBe(expected);
      }
    },
  );

  it('holds out about the share that was asked for, and more units as the share grows', async () => {
    const units = Array.from({ length: 4000 }, (_, i) => `unit-${i}`);
    const points = await Promise.all(units.map((unit) => splitPoint('p', 'd', unit)));
    for (const share of [0.05, 0.2, 0.5]) {
      const heldOut = points.filter((point) => point < share).length / units.length;
      // Four standard errors of a share of 4000.
      expect(Math.abs(heldOut - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / units.length));
    }
  });
});
