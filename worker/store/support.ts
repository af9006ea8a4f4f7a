/** Votes that stand for persons in training: a look at whose the examples are, then all of their votes in one query. */
import type { OwnedVote } from '../batches/support.ts';
import type { Database } from './database.ts';
import { readTasteVote, type TasteVoteRow } from './tastes.ts';
import { featuresOf } from './vectors.ts';

export type SupportFacts = { encoder: string; space: string; featureSize: number };

const FACTS = `SELECT e.sha AS encoder, e.body ->> '$.space' AS space, e.body ->> '$.featureSize' AS featureSize
  FROM domain AS d CROSS JOIN encoder AS e ON e.project = d.project AND e.sha = d.encoder
  WHERE d.project = ?1 AND d.id = ?2 AND e.body ->> '$.kind' = 'set'`;

export const OWNERS = `SELECT p.id, p.user FROM json_each(?2) AS e
  CROSS JOIN preference AS p ON p.project = ?1 AND p.id = e.value WHERE p.user IS NOT NULL`;

/** Users by preference, of those that are known; `facts` null = the domain has no set encoder. */
export async function findOwners(
  db: Database,
  project: string,
  domain: string,
  preferences: readonly string[],
): Promise<{ owners: Map<string, string>; facts: SupportFacts | null }> {
  const [facts, owners] = await db.$client.batch<Record<string, unknown>>([
    db.$client.prepare(FACTS).bind(project, domain),
    db.$client.prepare(OWNERS).bind(project, JSON.stringify(preferences)),
  ]);
  const rows = (owners?.results ?? []) as { id: string; user: string }[];
  return {
    owners: new Map(rows.map(({ id, user }) => [id, user])),
    facts: (facts?.results[0] as SupportFacts | undefined) ?? null,
  };
}

/** A vote that was replaced says nothing any more; ?6 = whether what is held out may be looked at. */
const open = (p: string) => `${p}.superseded_by IS NULL AND (?6 OR ${p}.status <> 'heldOut')`;

export const SUPPORT = `SELECT p.user, p.seq, p.id, p.choice, p.confidence, p.weight, c.candidates AS dealt, ${featuresOf('?4')} AS features
  FROM json_each(?3) AS u
  CROSS JOIN preference AS p INDEXED BY preference_user ON p.project = ?1 AND p.domain = ?2 AND p.user = u.value
    AND p.seq >= coalesce((SELECT q.seq FROM preference AS q INDEXED BY preference_user
      WHERE q.project = ?1 AND q.domain = ?2 AND q.user = u.value AND ${open('q')} ORDER BY q.seq DESC LIMIT 1 OFFSET ?5), 0)
  CROSS JOIN comparison AS c ON c.project = p.project AND c.id = p.comparison
  WHERE ${open('p')}`;

/** The newest `most` votes of each user, the newest first. */
export async function findSupport(
  db: Database,
  project: string,
  domain: string,
  users: readonly string[],
  { space, most, heldOut }: { space: string; most: number; heldOut: boolean },
): Promise<OwnedVote[]> {
  const query = db.$client.prepare(SUPPORT);
  const bound = query.bind(project, domain, JSON.stringify(users), space, most - 1, Number(heldOut));
  const { results } = await bound.all<TasteVoteRow & { user: string; seq: number }>();
  const newest = results.sort((one, other) => other.seq - one.seq);
  return newest.map((row) => ({ ...readTasteVote(row), user: row.user }));
}
