import { describe, expect, it } from 'vitest';
import { findAlarms } from '../../../shared/alarms/alarms.ts';
import { isCurrent, withCounts } from '../../../shared/alarms/sight.ts';
import type { DomainLive } from '../../../shared/contracts/console.ts';
import type { DomainStats } from '../../../shared/contracts/stats.ts';

const HOUR = 3_600_000;
const counts = {
  preferences: { waiting: 0, batched: 0, consumed: 10, heldOut: 0, notTrainable: 0, superseded: 0, quarantined: 0 },
  notTrainable: {},
  batches: { ready: 0, leased: 0, completed: 1, quarantined: 0 },
};
const stats = {
  domain: { id: 'd', head: 'b', live: 'a', batchSize: 10, maxAttempts: 3, createdAt: 0 },
  adapters: ['a', 'b'].map((sha) => ({ sha, gates: [], metrics: {}, createdAt: 0 })),
  moves: [{ at: 7 }],
  ...counts,
} as unknown as DomainStats;
const live = {
  ...counts,
  ...{ now: HOUR, votesPerMinute: [], head: 'b', live: 'a', newestAdapter: 'b', lastMoveAt: 7 },
} as DomainLive;

describe('statistics', () => {
  it('are current until an adapter, a move, a pointer or a batch is another; votes alone change nothing', () => {
    expect(isCurrent(stats, live)).toBe(true);
    expect(isCurrent(stats, { ...live, preferences: { ...live.preferences, waiting: 5 } })).toBe(true);
    const changes: Partial<DomainLive>[] = [
      { head: 'a' },
      { live: null },
      { newestAdapter: 'c' },
      { lastMoveAt: 8 },
      { batches: { ...live.batches, leased: 1 } },
    ];
    for (const change of changes) expect(isCurrent(stats, { ...live, ...change }), JSON.stringify(change)).toBe(false);
    expect(isCurrent({ ...stats, moves: [] }, { ...live, lastMoveAt: null })).toBe(true);
  });

  it('alarm by the votes of this moment, though nothing but votes has changed since they were read', () => {
    const waiting = { ...live, preferences: { ...live.preferences, waiting: 12 } };
    expect(findAlarms(withCounts(stats, null), HOUR)).toEqual([]);
    expect(findAlarms(withCounts(stats, waiting), HOUR).map(({ words }) => words)).toEqual([
      '12 votes wait and nobody trains: is a runner running?',
    ]);
  });
});
