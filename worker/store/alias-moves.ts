/** The live alias of a domain: what is served. Every move is one atomic batch, with its row in the history. */
import { and, desc, eq } from 'drizzle-orm';
import type { AliasMove } from '../../shared/contracts/adapter.ts';
import { type Database, isGuardFailure } from './database.ts';
import { aliasMove } from './schema.ts';

/** `rewind`: the head goes to `to` as well, from `head`; `cut` is the line between the two, `to` not included. */
export type Move = Omit<AliasMove, 'freed' | 'at'> & {
  /** Only while the adapter is staged: a move by the gates must not undo an operator's. */
  onlyStaged?: boolean;
  rewind?: { head: string | null; cut: readonly string[] };
};

const GUARD_LIVE = `INSERT INTO guard (name, ok) SELECT 'live', EXISTS (
  SELECT 1 FROM domain WHERE project = ?1 AND id = ?2 AND live IS ?3)`;

const GUARD_STAGED = `INSERT INTO guard (name, ok) SELECT 'staged', EXISTS (
  SELECT 1 FROM adapter WHERE project = ?1 AND sha = ?2 AND stage = 'staged')`;

const GUARD_HEAD = `INSERT INTO guard (name, ok) SELECT 'head', EXISTS (
  SELECT 1 FROM domain WHERE project = ?1 AND id = ?2 AND head IS ?3)`;

const CUT_VOTES = `project = ?1 AND status = 'consumed'
  AND batch IN (SELECT b.id FROM json_each(?2) AS e CROSS JOIN batch AS b ON b.project = ?1 AND b.adapter = e.value)`;

const RECORD = `INSERT INTO alias_move (project, domain, from_sha, to_sha, action, actor, note, at, freed)
  SELECT ?1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, (SELECT count(*) FROM preference WHERE ${CUT_VOTES} AND superseded_by IS NULL)
  RETURNING freed`;

/** A vote that was replaced while it was being learned from does not come back. */
const FREE_VOTES = `UPDATE preference SET batch = NULL, ordinal = NULL,
  status = CASE WHEN superseded_by IS NULL THEN 'waiting' ELSE 'superseded' END WHERE ${CUT_VOTES}`;

const RETIRE = `UPDATE adapter SET stage = 'retired' WHERE project = ?1 AND sha IN (SELECT value FROM json_each(?2))`;

const GO_LIVE = `UPDATE adapter SET stage = 'live', live_at = coalesce(live_at, ?3) WHERE project = ?1 AND sha = ?2`;

const POINT_LIVE = 'UPDATE domain SET live = ?3 WHERE project = ?1 AND id = ?2';
const POINT_HEAD = 'UPDATE domain SET head = ?3 WHERE project = ?1 AND id = ?2';

/** The move as it is remembered; null = somebody moved an alias or a pointer in between, and nothing was changed. */
export async function moveAlias(db: Database, project: string, move: Move, now: number): Promise<AliasMove | null> {
  const { onlyStaged = false, rewind, ...said } = move;
  const { domain, from, to, action, actor, note } = said;
  const cut = JSON.stringify(rewind?.cut ?? []);
  const retired = JSON.stringify([...(rewind?.cut ?? []), ...(from === null ? [] : [from])]);
  const run = (sql: string, ...values: unknown[]) => db.$client.prepare(sql).bind(project, ...values);
  const statements = [
    run(GUARD_LIVE, domain, from),
    ...(onlyStaged ? [run(GUARD_STAGED, to)] : []),
    ...(rewind ? [run(GUARD_HEAD, domain, rewind.head)] : []),
    run(RECORD, cut, domain, from, to, action, actor, note, now),
    run(FREE_VOTES, cut),
    run(RETIRE, retired),
    run(GO_LIVE, to, now),
    run(POINT_LIVE, domain, to),
    ...(rewind ? [run(POINT_HEAD, domain, to)] : []),
    db.$client.prepare('DELETE FROM guard'),
  ];
  try {
    const results = await db.$client.batch<{ freed: number }>(statements);
    const freed = results.flatMap((result) => result.results)[0]?.freed ?? 0;
    return { ...said, freed, at: now };
  } catch (error) {
    if (isGuardFailure(error)) return null;
    throw error;
  }
}

/** Newest first. */
export async function listMoves(db: Database, project: string, domain: string, limit: number): Promise<AliasMove[]> {
  const of = and(eq(aliasMove.project, project), eq(aliasMove.domain, domain));
  const rows = await db.select().from(aliasMove).where(of).orderBy(desc(aliasMove.seq)).limit(limit).all();
  return rows.map(({ seq: _, project: __, ...move }) => move);
}

/** What was live when `sha` was promoted last: where a rollback goes. undefined = it never was. */
export async function liveBefore(
  db: Database,
  project: string,
  domain: string,
  sha: string,
): Promise<string | null | undefined> {
  const promoted = and(
    eq(aliasMove.project, project),
    eq(aliasMove.domain, domain),
    eq(aliasMove.action, 'promote'),
    eq(aliasMove.to, sha),
  );
  const row = await db
    .select({ from: aliasMove.from })
    .from(aliasMove)
    .where(promoted)
    .orderBy(desc(aliasMove.seq))
    .get();
  return row?.from;
}

const LINE = `WITH RECURSIVE line (sha, parent) AS (
    SELECT sha, parent FROM adapter WHERE project = ?1 AND sha = ?2
    UNION ALL
    SELECT a.sha, a.parent FROM line CROSS JOIN adapter AS a ON a.project = ?1 AND a.sha = line.parent WHERE line.sha IS NOT ?3)
  SELECT sha FROM line`;

/** The adapters from `head` back to `ancestor`, which is left out; null = it is no ancestor. null in both = the base. */
export async function lineBetween(
  db: Database,
  project: string,
  head: string | null,
  ancestor: string | null,
): Promise<string[] | null> {
  const { results } = await db.$client.prepare(LINE).bind(project, head, ancestor).all<{ sha: string }>();
  const line = results.map(({ sha }) => sha);
  if (ancestor === null) return line;
  return line.at(-1) === ancestor ? line.slice(0, -1) : null;
}

const STAGED_HEADS = `SELECT d.head AS sha FROM json_each(?2) AS e
  CROSS JOIN domain AS d ON d.project = ?1 AND d.id = e.value
  CROSS JOIN adapter AS a ON a.project = d.project AND a.sha = d.head
  WHERE d.head IS NOT d.live AND a.stage = 'staged'`;

/** Heads of these domains that were never served: their gates failed, or they could not be loaded. */
export async function stagedHeads(db: Database, project: string, domains: readonly string[]): Promise<string[]> {
  const { results } = await db.$client
    .prepare(STAGED_HEADS)
    .bind(project, JSON.stringify(domains))
    .all<{ sha: string }>();
  return results.map(({ sha }) => sha);
}
