import { describe, expect, it } from 'vitest';
import { wilsonInterval } from '../../../shared/math/wilson-interval.ts';

describe('wilsonInterval', () => {
  it('agrees with the published value for 15 of 20', () => {
    const { value, low, high } = wilsonInterval(15, 20);
    expect(value).toBe(0.75);
    expect(low).toBeCloseTo(0.5313, 4);
    expect(high).toBeCloseTo(0.8881, 4);
  });

  it('is the mirror image for the opposite outcome', () => {
    const [few, many] = [wilsonInterval(3, 11), wilsonInterval(8, 11)];
    expect(few.low).toBeCloseTo(1 - many.high, 12);
    expect(few.high).toBeCloseTo(1 - many.low, 12);
  });

  it('stays inside [0, 1] and keeps some doubt when all trials agree', () => {
    expect(wilsonInterval(5, 5)).toMatchObject({ value: 1, high: 1 });
    expect(wilsonInterval(5, 5).low).toBeLessThan(0.6);
    expect(wilsonInterval(0, 5).low).toBe(0);
  });

  it('refuses counts that make no sense', () => {
    expect(() => wilsonInterval(1, 0)).toThrow(RangeError);
    expect(() => wilsonInterval(-1, 4)).toThrow(RangeError);
    expect(() => wilsonInterval(5, 4)).toThrow(RangeError);
  });
});
