/**
 * Do people prefer what is shown first? Orders are dealt at random, so the first place would win half of the decided votes:
 * what it wins beyond that is bias, whatever the candidates are worth.
 */
import { wilsonInterval } from './wilson-interval.ts';

export interface PositionBias {
  /** Share of the decided votes that went to the first place, less ½, with its 95 % interval; NaN without votes. */
  value: number;
  low: number;
  high: number;
  n: number;
}

/** @throws RangeError for counts that are negative or no whole numbers. */
export function positionBias(first: number, second: number): PositionBias {
  if (![first, second].every((count) => Number.isInteger(count) && count >= 0)) {
    throw new RangeError(`counts must be whole numbers from 0, not ${first} and ${second}`);
  }
  const n = first + second;
  if (n === 0) return { value: Number.NaN, low: -0.5, high: 0.5, n };
  const { value, low, high } = wilsonInterval(first, n);
  return { value: value - 0.5, low: low - 0.5, high: high - 0.5, n };
}
