/** A domain while it lives, and each sight of it in words. */
import { findAlarms } from '../alarms/alarms.ts';
import { isCurrent, withCounts } from '../alarms/sight.ts';
import { count, plural, short, votes } from '../alarms/words.ts';
import type { Client } from '../client/client.ts';
import type { DomainLive } from '../contracts/console.ts';
import type { DomainStats } from '../contracts/stats.ts';
import { formatSeconds } from './progress-bar.ts';
import { formatTime, plain } from './table.ts';

export interface Sight {
  live: DomainLive;
  /** Adapters, settings and moves, read again when they have changed; its counts may be older than those of `live`. */
  stats: DomainStats;
}

/** Until the signal aborts or the edge refuses. */
export async function* watchDomain(client: Client, domain: string, signal: AbortSignal): AsyncGenerator<Sight> {
  let stats = await client.getStats(domain, { signal });
  for await (const live of client.watchDomain(domain, { signal })) {
    if (!isCurrent(stats, live)) stats = await client.getStats(domain, { signal });
    yield { live, stats };
  }
}

const STEPS = '▁▂▃▄▅▆▇█';

/** A column a minute; the highest is the busiest one. */
function drawMinutes(perMinute: readonly number[]): string {
  const most = Math.max(1, ...perMinute);
  return perMinute.map((n) => STEPS[n === 0 ? 0 : Math.ceil((n / most) * (STEPS.length - 1))]).join('');
}

export function formatSight({ live, stats }: Sight): string[] {
  const { preferences, batches, votesPerMinute, now } = live;
  const { waiting = 0, batched = 0, consumed = 0, quarantined = 0 } = preferences;
  const { domain, adapters } = stats;
  const newest = adapters.at(-1);
  const state = newest && (newest.sha === live.live ? 'it answers' : `${short(live.live)} answers`);
  const [before = 0, running = 0] = votesPerMinute.slice(-2);
  const hour = votesPerMinute.reduce((sum, n) => sum + n, 0);
  const alarms = findAlarms(withCounts(stats, live), now);
  return [
    `${domain.id} at ${formatTime(now)} UTC`,
    `${plural(running, 'vote')} in this minute, ${count(before)} in the one before, ${count(hour)} in an hour`,
    drawMinutes(votesPerMinute),
    `${votes(waiting)} ${waiting === 1 ? 'waits' : 'wait'} (a batch is ${count(domain.batchSize)}), ${count(batched)} in batches, ${count(consumed)} learned from, ${count(quarantined)} set aside`,
    `batches: ${batches.ready} ready, ${batches.leased} leased, ${batches.completed} completed, ${batches.quarantined} set aside`,
    newest
      ? `newest adapter ${short(newest.sha)}: ${votes(newest.preferences)}, ${formatSeconds(Math.max(0, now - newest.createdAt) / 1000)} ago; ${state}`
      : 'no adapter yet: the base answers',
    ...alarms.map(({ level, words }) => `${level === 'alarm' ? 'ALARM ' : ''}${plain(words)}`),
    ...(alarms.length === 0 ? ['nothing asks for you'] : []),
  ];
}
