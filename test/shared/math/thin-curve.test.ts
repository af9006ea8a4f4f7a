import { describe, expect, it } from 'vitest';
import { thinCurve } from '../../../shared/math/thin-curve.ts';

describe('a thinned curve', () => {
  it('is itself where it is short', () => {
    expect(thinCurve([3, 1, 2], 3)).toEqual([3, 1, 2]);
    expect(thinCurve([], 3)).toEqual([]);
  });

  it('is the means of equal stretches, in order, and none is left out', () => {
    expect(thinCurve([1, 2, 3, 4, 5, 6], 3)).toEqual([1.5, 3.5, 5.5]);
    const values = Array.from({ length: 1001 }, (_, i) => i);
    const thin = thinCurve(values, 200);
    expect(thin).toHaveLength(200);
    expect(thin[0]).toBe(2);
    expect(thin.at(-1)).toBe((995 + 996 + 997 + 998 + 999 + 1000) / 6);
  });
});
