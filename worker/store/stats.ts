/** How a domain goes: counts (kept by triggers), curves, moves. */
import type { D1Result } from '@cloudflare/workers-types';
import { type DomainLive, LIVE_MINUTES } from '../../shared/contracts/console.ts';
import { type PreferenceStatus, PreferenceStatus as Statuses } from '../../shared/contracts/preference.ts';
import type { DomainCounts, DomainStats } from '../../shared/contracts/stats.ts';
import { listAdapters } from './adapters.ts';
import { listMoves } from './alias-moves.ts';
import type { Database } from './database.ts';
import { asDomain, type DomainRow } from './domains.ts';

const ADAPTERS = 100;
const MOVES = 20;
const MINUTE_MS = 60_000;

/** Statements of one look at a domain: ?1 project, ?2 domain, ?3 the first minute. */
export const LIVE = {
  votes: 'SELECT status, reason, n FROM preference_count WHERE project = ?1 AND domain = ?2',
  batches: 'SELECT state, n FROM batch_count WHERE project = ?1 AND domain = ?2',
  minutes: 'SELECT minute, n FROM vote_minute WHERE project = ?1 AND domain = ?2 AND minute >= ?3',
  pointers: `SELECT head, live,
      (SELECT sha FROM adapter WHERE project = ?1 AND domain = ?2 ORDER BY created_at DESC LIMIT 1) AS newestAdapter,
      (SELECT at FROM alias_move WHERE project = ?1 AND domain = ?2 ORDER BY seq DESC LIMIT 1) AS lastMoveAt
    FROM domain WHERE project = ?1 AND id = ?2`,
  /** ?2: who looks. */
  key: 'SELECT 1 FROM key WHERE project = ?1 AND id = ?2 AND revoked_at IS NULL',
} as const;

type Pointers = Pick<DomainLive, 'head' | 'live' | 'newestAdapter' | 'lastMoveAt'>;

export async function readStats(db: Database, project: string, row: DomainRow): Promise<DomainStats> {
  const [counts, adapters, moves] = await Promise.all([
    countDomain(db, project, row.id),
    listAdapters(db, project, row.id, ADAPTERS),
    listMoves(db, project, row.id, MOVES),
  ]);
  return { domain: asDomain(row), ...counts, adapters: adapters.reverse(), moves };
}

/**
 * How it is right now, in one round trip that costs the same at any number of votes; null = there is no such domain, or the key that
 * looks was revoked.
 */
export async function readLive(
  db: Database,
  project: string,
  domain: string,
  key: string,
  now: number,
): Promise<DomainLive | null> {
  const first = Math.floor(now / MINUTE_MS) - LIVE_MINUTES + 1;
  const run = (sql: string, ...more: number[]) => db.$client.prepare(sql).bind(project, domain, ...more);
  const [votes, batches, minutes, pointers, valid] = await db.$client.batch([
    run(LIVE.votes),
    run(LIVE.batches),
    run(LIVE.minutes, first),
    run(LIVE.pointers),
    db.$client.prepare(LIVE.key).bind(project, key),
  ]);
  const at = pointers?.results[0] as Pointers | undefined;
  if (!at || valid?.results.length === 0) return null;
  const votesPerMinute = new Array<number>(LIVE_MINUTES).fill(0);
  // A clock that was set back leaves minutes that are yet to come.
  for (const { minute, n } of (minutes?.results ?? []) as { minute: number; n: number }[])
    if (minute < first + LIVE_MINUTES) votesPerMinute[minute - first] = n;
  return { ...at, ...asCounts(votes, batches), votesPerMinute, now };
}

async function countDomain(db: Database, project: string, domain: string): Promise<DomainCounts> {
  const [votes, batches] = await db.$client.batch([
    db.$client.prepare(LIVE.votes).bind(project, domain),
    db.$client.prepare(LIVE.batches).bind(project, domain),
  ]);
  return asCounts(votes, batches);
}

function asCounts(votes: D1Result | undefined, batches: D1Result | undefined): DomainCounts {
  const counts: DomainCounts = {
    preferences: Object.fromEntries(Statuses.options.map((status) => [status, 0])) as DomainCounts['preferences'],
    notTrainable: {},
    batches: { ready: 0, leased: 0, completed: 0, quarantined: 0 },
  };
  type Votes = { status: PreferenceStatus; reason: string; n: number };
  for (const { status, reason, n } of (votes?.results ?? []) as Votes[]) {
    counts.preferences[status] += n;
    if (status === 'notTrainable' && n > 0) counts.notTrainable[reason] = n;
  }
  for (const { state, n } of (batches?.results ?? []) as { state: keyof DomainCounts['batches']; n: number }[])
    counts.batches[state] = n;
  return counts;
}
