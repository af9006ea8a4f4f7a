/** Preferences with all that belongs to them, as they are exported. */
import type { Content, Origin } from '../../shared/contracts/candidate.ts';
import type { Choice, Preference, PreferencePage } from '../../shared/contracts/preference.ts';
import type { Prompt } from '../../shared/contracts/prompt.ts';
import type { Database } from './database.ts';

type Row = Omit<Preference, 'comparison' | 'choice'> & {
  choice: string;
  comparison: string;
  kind: Preference['comparison']['kind'];
  prompt: string;
  dealt: string;
  candidates: string;
};

const COLUMNS = `p.seq, p.id, p.domain, p.user, p.choice, p.reason, p.supersedes, p.superseded_by AS supersededBy, p.confidence, p.weight,
  p.status, p.not_trainable AS notTrainable, p.batch, p.created_at AS createdAt,
  (SELECT b.adapter FROM batch AS b WHERE b.project = p.project AND b.id = p.batch AND p.status = 'consumed') AS adapter,
  c.id AS comparison, c.kind, c.candidates AS dealt, q.body AS prompt,
  (SELECT json_group_object(a.id, json_object('content', json(a.content), 'origin', json(a.origin)))
    FROM candidate AS a WHERE a.project = c.project AND a.comparison = c.id) AS candidates`;

const JOINED = `CROSS JOIN comparison AS c ON c.project = p.project AND c.id = p.comparison
  CROSS JOIN prompt AS q ON q.project = c.project AND q.id = c.prompt`;

const ONE = `SELECT ${COLUMNS} FROM preference AS p ${JOINED} WHERE p.project = ?1 AND p.id = ?2`;

export const DOMAIN_PAGE = `SELECT ${COLUMNS} FROM preference AS p INDEXED BY preference_domain ${JOINED}
  WHERE p.project = ?1 AND p.domain = ?4 AND p.seq > ?2 ORDER BY p.seq LIMIT ?3`;

// The plus keeps SQLite from sorting the whole project: rows already lie in order of arrival.
export const PROJECT_PAGE = `SELECT ${COLUMNS} FROM preference AS p ${JOINED}
  WHERE +p.project = ?1 AND p.seq > ?2 ORDER BY p.seq LIMIT ?3`;

/** Newest first: before the cursor. Whoever has voted a million times is read as fast as anybody else. */
export const USER_PAGE = `SELECT ${COLUMNS} FROM preference AS p INDEXED BY preference_user ${JOINED}
  WHERE p.project = ?1 AND p.domain = ?4 AND p.user = ?5 AND p.seq < ?2 ORDER BY p.seq DESC LIMIT ?3`;

export async function findPreference(db: Database, project: string, id: string): Promise<Preference | null> {
  const row = await db.$client.prepare(ONE).bind(project, id).first<Row>();
  return row && asPreference(row);
}

/** In order of arrival, those after the cursor `after`; null = of every domain. */
export async function listPreferences(
  db: Database,
  project: string,
  { domain, after, limit }: { domain: string | null; after: number; limit: number },
): Promise<PreferencePage> {
  const values = [project, after, limit + 1];
  const statement =
    domain === null
      ? db.$client.prepare(PROJECT_PAGE).bind(...values)
      : db.$client.prepare(DOMAIN_PAGE).bind(...values, domain);
  return asPage(await statement.all<Row>(), limit);
}

/** A person's, newest first; `after` 0 = from the newest on. */
export async function listPreferencesOf(
  db: Database,
  project: string,
  { domain, user, after, limit }: { domain: string; user: string; after: number; limit: number },
): Promise<PreferencePage> {
  const before = after || Number.MAX_SAFE_INTEGER;
  const statement = db.$client.prepare(USER_PAGE).bind(project, before, limit + 1, domain, user);
  return asPage(await statement.all<Row>(), limit);
}

/** One row more than fits tells that there is another page. */
function asPage({ results }: { results: Row[] }, limit: number): PreferencePage {
  const items = results.slice(0, limit).map(asPreference);
  return { items, next: results.length > limit ? (items.at(-1)?.seq ?? null) : null };
}

function asPreference({ choice, comparison, kind, prompt, dealt, candidates, ...row }: Row): Preference {
  const byId = JSON.parse(candidates) as Record<string, { content: Content; origin: Origin }>;
  return {
    ...row,
    choice: JSON.parse(choice) as Choice,
    comparison: {
      id: comparison,
      domain: row.domain,
      kind,
      prompt: JSON.parse(prompt) as Prompt,
      candidates: (JSON.parse(dealt) as string[]).map((id) => ({
        id,
        ...(byId[id] as { content: Content; origin: Origin }),
      })),
    },
  };
}
