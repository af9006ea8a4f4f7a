/** The newest votes of a domain that decide something, as the report of raters takes them. */
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
  isDealt: number;
  prompt: string;
  dealt: string;
  made: string;
};

/** Two long outputs with one beginning, one end and one length are taken for the same: what is read stays small. */
const OUTPUT = `CASE WHEN length(a.content) <= 1024 THEN a.content
  ELSE substr(a.content, 1, 512) || length(a.content) || substr(a.content, -512) END`;

/** What no model of ours is known to have made is other; the base has no adapter. */
const MODEL = `coalesce(a.origin ->> '$.adapter', CASE WHEN a.origin ->> '$.role' IN ('imported', 'caller') THEN 'other' END)`;

// First the newest, then what belongs to them: however many rows there are, so many are read.
export const NEWEST_DECIDED = `SELECT w.seq, w.user, w.choice, w.latency_ms AS latencyMs, w.status = 'heldOut' AS isHeldOut,
    c.nonce IS NOT NULL AS isDealt, c.prompt, c.candidates AS dealt,
    (SELECT json_group_object(a.id, json_array(${OUTPUT}, ${MODEL})) FROM candidate AS a
      WHERE a.project = c.project AND a.comparison = c.id) AS made
  FROM (SELECT seq, project, user, choice, latency_ms, status, comparison FROM preference INDEXED BY preference_decided
    WHERE project = ?1 AND domain = ?2 AND ${IS_DECIDED} ORDER BY seq DESC LIMIT ?3) AS w
  CROSS JOIN comparison AS c ON c.project = w.project AND c.id = w.comparison`;

/** At most WINDOW of them, oldest first. */
export async function readWindow(db: Database, project: string, domain: string): Promise<WindowVote[]> {
  const { results } = await db.$client.prepare(NEWEST_DECIDED).bind(project, domain, WINDOW).all<Row>();
  return results.sort((one, other) => one.seq - other.seq).map(asVote);
}

function asVote({ user, choice, latencyMs, isHeldOut, isDealt, prompt, dealt, made }: Row): WindowVote {
  const byId = JSON.parse(made) as Record<string, [output: string, model: string | null]>;
  const candidates = (JSON.parse(dealt) as string[]).map((id) => {
    const [output, model] = byId[id] as [string, string | null];
    return { id, output, model };
  });
  const said = { user, prompt, candidates, choice: JSON.parse(choice) as Choice, latencyMs };
  return { ...said, isHeldOut: isHeldOut === 1, isDealt: isDealt === 1 };
}
