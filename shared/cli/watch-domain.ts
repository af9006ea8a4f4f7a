/** A domain seen again and again, and each sight in words. */
import { findAlarms } from '../alarms/alarms.ts';
import { count, plural, short, votes } from '../alarms/words.ts';
import type { Client } from '../client/client.ts';
import { sleepFor } from '../client/retry.ts';
import type { DomainStats } from '../contracts/stats.ts';
import { formatSeconds } from './progress-bar.ts';
import { formatTime, plain } from './table.ts';

export interface Sight {
  stats: DomainStats;
  /** Votes that came in during the last minute, or since the first sight. */
  perMinute: number;
  at: number;
}

const EVERY_MS = 2000;
const MINUTE_MS = 60_000;

const countVotes = ({ preferences }: DomainStats) => Object.values(preferences).reduce((sum, n) => sum + n, 0);

/** One sight every two seconds, until the signal aborts or the edge refuses. */
export async function* watchDomain(client: Client, domain: string, signal: AbortSignal): AsyncGenerator<Sight> {
  let seen: { at: number; total: number }[] = [];
  for (;;) {
    const stats = await client.getStats(domain, { signal });
    const at = Date.now();
    const total = countVotes(stats);
    seen = [...seen, { at, total }].filter((each) => at - each.at <= MINUTE_MS);
    yield { stats, perMinute: total - (seen[0]?.total ?? total), at };
    await sleepFor(EVERY_MS, signal);
  }
}

export function formatSight({ stats, perMinute, at }: Sight): string[] {
  const { domain, preferences: of, batches, adapters } = stats;
  const newest = adapters.at(-1);
  const state = newest && (newest.sha === domain.live ? 'it answers' : `${short(domain.live)} answers`);
  const alarms = findAlarms(stats, at);
  return [
    `${domain.id} at ${formatTime(at)} UTC`,
    `${plural(perMinute, 'vote')} in the last minute`,
    `${votes(of.waiting)} ${of.waiting === 1 ? 'waits' : 'wait'} (a batch is ${count(domain.batchSize)}), ${count(of.batched)} in batches, ${count(of.consumed)} learned from, ${count(of.quarantined)} set aside`,
    `batches: ${batches.ready} ready, ${batches.leased} leased, ${batches.completed} completed, ${batches.quarantined} set aside`,
    newest
      ? `newest adapter ${short(newest.sha)}: ${votes(newest.preferences)}, ${formatSeconds(Math.max(0, at - newest.createdAt) / 1000)} ago; ${state}`
      : 'no adapter yet: the base answers',
    ...alarms.map(({ level, words }) => `${level === 'alarm' ? 'ALARM ' : ''}${plain(words)}`),
    ...(alarms.length === 0 ? ['nothing asks for you'] : []),
  ];
}
