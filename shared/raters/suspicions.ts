/** Rules by which somebody's votes are worth a look. Each needs enough votes; docs/metrics.md explains the thresholds. */
import type { Rater, Suspicion } from '../contracts/rater.ts';
import { quantile } from '../math/quantile.ts';
import type { Person } from './people.ts';

/** Votes, or checks, before anything is said. */
export const ENOUGH = 20;
/** A bias beyond this, for certain: more than 7 of 10 votes for one place. */
export const PLACE = 0.2;
/** Of two answers in one second nobody has read much. */
export const HASTE_MS = 1000;
/** And it is less than this share of what others take. */
export const HASTE_SHARE = 1 / 3;
/** People whose time is known before it is said what others take. */
export const HASTE_PEOPLE = 3;
export const SAME_SHARE = 0.9;

/** What is usual among the others. */
export interface Usual {
  informedness: number | null;
  /** Median of people's medians; null where it is known of too few. */
  latencyMs: number | null;
}

export function usualLatency(people: Iterable<Person>): number | null {
  const medians = [...people]
    .filter(({ latencies }) => latencies.length >= ENOUGH)
    .map(({ latencies }) => quantile(latencies, 0.5));
  return medians.length >= HASTE_PEOPLE ? quantile(medians, 0.5) : null;
}

export function findSuspicions(rater: Omit<Rater, 'suspicions'>, person: Person, usual: Usual): Suspicion[] {
  const { checked, informednessHigh, position, medianLatencyMs } = rater;
  const repeated = [...person.patterns.values()];
  const ordered = repeated.reduce((sum, each) => sum + each, 0);
  const holds: Record<Suspicion, boolean> = {
    disagrees:
      checked >= ENOUGH &&
      informednessHigh !== null &&
      usual.informedness !== null &&
      informednessHigh < usual.informedness / 2,
    place: position !== null && position.n >= ENOUGH && (position.low > PLACE || position.high < -PLACE),
    haste:
      person.latencies.length >= ENOUGH &&
      medianLatencyMs !== null &&
      usual.latencyMs !== null &&
      medianLatencyMs < Math.min(HASTE_MS, HASTE_SHARE * usual.latencyMs),
    sameAnswer: ordered >= ENOUGH && Math.max(...repeated) >= SAME_SHARE * ordered,
  };
  return (Object.keys(holds) as Suspicion[]).filter((name) => holds[name]);
}
