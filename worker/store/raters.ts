/** The newest votes of a domain that decide something, as the report of raters takes them. */
import type { D1Result } from '@cloudflare/workers-types';
import type { Choice } from '../../shared/contracts/preference.ts';
import type { RaterVote } from '../../shared/raters/vote.ts';
import type { Database } from './database.ts';
import { IS_DECIDED } from './schema.ts';

/** Votes that a report looks at. */
export const WINDOW = 2000;

export type WindowVote = RaterVote & { isHeldOut: boolean };

type Row = {
  seq: number;
  user: string | null;
  choice: string;
  latencyMs: number | null;
  isHeldOut: number;
  comparison: string;
};

type ComparisonRow = { id: string; isDealt: number; prompt: string; dealt: string; made: string };
type Compared = Pick<RaterVote, 'prompt' | 'candidates' | 'isDealt'>;

/** Two long outputs with one beginning, one end and one length are taken for the same: what is read stays small. */
const OUTPUT = `CASE WHEN length(a.content) <= 1024 THEN a.content
  ELSE substr(a.content, 1, 512) || length(a.content) || substr(a.content, -512) END`;

/** What no model of ours is known to have made is other; the base has no adapter. */
const MODEL = `coalesce(a.origin ->> '$.adapter', CASE WHEN a.origin ->> '$.role' IN ('imported', 'caller') THEN 'other' END)`;

const NEWEST = `FROM preference INDEXED BY preference_decided
  WHERE project = ?1 AND domain = ?2 AND ${IS_DECIDED} ORDER BY seq DESC LIMIT ?3`;

export const NEWEST_DECIDED = `SELECT seq, user, choice, latency_ms AS latencyMs, status = 'heldOut' AS isHeldOut, comparison ${NEWEST}`;

// What several voted on is read once.
export const THEIR_COMPARISONS = `SELECT c.id, c.nonce IS NOT NULL AS isDealt, c.prompt, c.candidates AS dealt,
    (SELECT json_group_object(a.id, json_array(${OUTPUT}, ${MODEL})) FROM candidate AS a
      WHERE a.project = c.project AND a.comparison = c.id) AS made
  FROM comparison AS c WHERE c.project = ?1 AND c.id IN (SELECT comparison ${NEWEST})`;

/** Votes come, are replaced by later ones, and are deleted: whichever happened, one of the two numbers is another. */
export const STATE_OF_VOTES = `SELECT
    (SELECT max(seq) FROM preference WHERE project = ?1 AND domain = ?2) AS newest,
    (SELECT sum(n) FROM preference_count WHERE project = ?1 AND domain = ?2) AS votes`;

/** Names what `readWindow` would read now. */
export async function stateOfVotes(db: Database, project: string, domain: string): Promise<string> {
  const row = await db.$client.prepare(STATE_OF_VOTES).bind(project, domain).first<{ newest: number; votes: number }>();
  return `${project} ${domain} ${row?.newest} ${row?.votes}`;
}

/** At most WINDOW of them, oldest first. */
export async function readWindow(db: Database, project: string, domain: string): Promise<WindowVote[]> {
  const [votes, comparisons] = (await db.$client.batch(
    [NEWEST_DECIDED, THEIR_COMPARISONS].map((sql) => db.$client.prepare(sql).bind(project, domain, WINDOW)),
  )) as [D1Result<Row>, D1Result<ComparisonRow>];
  const compared = new Map(comparisons.results.map((row) => [row.id, asCompared(row)]));
  const rows = votes.results.sort((one, other) => one.seq - other.seq);
  return rows.map(({ user, choice, latencyMs, isHeldOut, comparison }) => {
    const said = { user, choice: JSON.parse(choice) as Choice, latencyMs, isHeldOut: isHeldOut === 1 };
    return { ...said, ...(compared.get(comparison) as Compared) };
  });
}

function asCompared({ isDealt, prompt, dealt, made }: ComparisonRow): Compared {
  const byId = JSON.parse(made) as Record<string, [output: string, model: string | null]>;
  const candidates = (JSON.parse(dealt) as string[]).map((id) => {
    const [output, model] = byId[id] as [string, string | null];
    return { id, output, model };
  });
  return { prompt, candidates, isDealt: isDealt === 1 };
}
