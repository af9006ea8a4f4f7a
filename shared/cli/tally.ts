/** Counts by reason. */
import { formatCount } from './progress-bar.ts';

export type Tally = Record<string, number>;

export function addTo(tally: Tally, reason: string): void {
  tally[reason] = (tally[reason] ?? 0) + 1;
}

/** "4 tooLong, 2 invalidJson": the most frequent first. */
export function formatTally(tally: Tally): string {
  const entries = Object.entries(tally).sort(([, a], [, b]) => b - a);
  return entries.map(([reason, n]) => `${formatCount(n)} ${reason}`).join(', ');
}
