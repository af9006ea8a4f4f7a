/** How a domain goes: counts (kept by triggers where they would be costly to count), curves, moves. */

import { type PreferenceStatus, PreferenceStatus as Statuses } from '../../shared/contracts/preference.ts';
import type { DomainStats } from '../../shared/contracts/stats.ts';
import { listAdapters } from './adapters.ts';
import { listMoves } from './alias-moves.ts';
import type { Database } from './database.ts';
import { asDomain, type DomainRow } from './domains.ts';

const ADAPTERS = 100;
const MOVES = 20;

type Counts = Pick<DomainStats, 'preferences' | 'notTrainable' | 'batches'>;

const VOTES = 'SELECT status, reason, n FROM preference_count WHERE project = ?1 AND domain = ?2';
const BATCHES = 'SELECT state, count(*) AS n FROM batch WHERE project = ?1 AND domain = ?2 GROUP BY state';

export async function readStats(db: Database, project: string, row: DomainRow): Promise<DomainStats> {
  const [counts, adapters, moves] = await Promise.all([
    countDomain(db, project, row.id),
    listAdapters(db, project, row.id, ADAPTERS),
    listMoves(db, project, row.id, MOVES),
  ]);
  return { domain: asDomain(row), ...counts, adapters: adapters.reverse(), moves };
}

async function countDomain(db: Database, project: string, domain: string): Promise<Counts> {
  const [votes, batches] = await db.$client.batch([
    db.$client.prepare(VOTES).bind(project, domain),
    db.$client.prepare(BATCHES).bind(project, domain),
  ]);
  const counts: Counts = {
    preferences: Object.fromEntries(Statuses.options.map((status) => [status, 0])) as Counts['preferences'],
    notTrainable: {},
    batches: { ready: 0, leased: 0, completed: 0, quarantined: 0 },
  };
  for (const { status, reason, n } of (votes?.results ?? []) as {
    status: PreferenceStatus;
    reason: string;
    n: number;
  }[]) {
    counts.preferences[status] += n;
    if (status === 'notTrainable' && n > 0) counts.notTrainable[reason] = n;
  }
  for (const { state, n } of (batches?.results ?? []) as { state: keyof Counts['batches']; n: number }[])
    counts.batches[state] = n;
  return counts;
}
