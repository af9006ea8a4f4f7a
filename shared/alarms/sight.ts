/** A domain as two answers say it: the counts of this moment, and the statistics that were read some time ago. */
import type { DomainLive } from '../contracts/console.ts';
import type { DomainStats } from '../contracts/stats.ts';

/** Whether the statistics know the adapters, moves and batches of this moment; if not, they are to be read again. */
export function isCurrent({ domain, adapters, moves, batches }: DomainStats, live: DomainLive): boolean {
  return (
    domain.head === live.head &&
    domain.live === live.live &&
    (live.newestAdapter === null || adapters.some(({ sha }) => sha === live.newestAdapter)) &&
    (moves[0]?.at ?? null) === live.lastMoveAt &&
    JSON.stringify(batches) === JSON.stringify(live.batches)
  );
}

/** The statistics with the counts of this moment. */
export function withCounts(stats: DomainStats, live: DomainLive | null): DomainStats {
  if (!live) return stats;
  const { preferences, notTrainable, batches } = live;
  return { ...stats, preferences, notTrainable, batches };
}
