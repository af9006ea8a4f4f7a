/** Writes judged votes in one atomic batch, whatever their number: a parameter is a list of rows as JSON. */
import type { D1PreparedStatement } from '@cloudflare/workers-types';
import type { Origin } from '../../shared/contracts/candidate.ts';
import type { Database } from './database.ts';
import type { NewVote, Replacement } from './preferences-decide.ts';
import type { InlineRows, Vote } from './preferences-vote.ts';

const PROMPTS = `INSERT INTO prompt (project, id, body, created_at)
  SELECT ?2, value ->> 'id', value ->> 'body', ?3 FROM json_each(?1) WHERE true ON CONFLICT (project, id) DO NOTHING`;

const COMPARISONS = `INSERT INTO comparison (project, id, domain, kind, prompt, candidates, body_hash, created_at)
  SELECT ?2, value ->> 'id', value ->> 'domain', value ->> 'kind', value ->> 'prompt', value -> 'candidates', value ->> 'bodyHash', ?3
  FROM json_each(?1) WHERE true ON CONFLICT (project, id) DO NOTHING`;

const CANDIDATES = `INSERT INTO candidate (project, comparison, id, position, content, origin, features)
  SELECT ?2, value ->> 'comparison', value ->> 'id', value ->> 'position', value ->> 'content', coalesce(value ->> 'origin', ?3), value ->> 'features'
  FROM json_each(?1) WHERE true ON CONFLICT (project, comparison, id) DO NOTHING`;

const IMPORTED: Origin = {
  role: 'imported',
  adapter: null,
  model: null,
  seed: null,
  temperature: null,
  topP: null,
  tokenIds: null,
  logps: null,
};

/** What is in a batch stays in it: a vote is dropped while it waits, and kept once it is being learned from. */
const REPLACE = `UPDATE preference SET superseded_by = e.by,
    nonce = CASE WHEN e.release THEN NULL ELSE nonce END,
    not_trainable = CASE WHEN batch IS NULL THEN NULL ELSE not_trainable END,
    status = CASE WHEN batch IS NULL THEN 'superseded' ELSE status END
  FROM (SELECT value ->> 'seq' AS seq, value ->> 'by' AS by, value ->> 'releaseNonce' AS release FROM json_each(?1)) AS e
  WHERE +preference.project = ?2 AND preference.seq = e.seq AND preference.superseded_by IS NULL`;

const REPLACED = `INSERT INTO guard (name, ok) SELECT 'replaced', NOT EXISTS (
  SELECT 1 FROM json_each(?1) AS e CROSS JOIN preference AS p ON p.project = ?2 AND p.seq = e.value ->> 'seq'
  WHERE p.superseded_by IS NOT e.value ->> 'by')`;

const VOTES = `INSERT INTO preference (project, created_at, id, body_hash, domain, comparison, user, choice, reason, supersedes,
    superseded_by, confidence, weight, latency_ms, nonce, status, not_trainable)
  SELECT ?2, ?3, value ->> 'id', value ->> 'bodyHash', value ->> 'domain', value ->> 'comparison', value ->> 'user',
    value -> 'choice', value ->> 'reason', value ->> 'supersedes', value ->> 'supersededBy', value ->> 'confidence',
    value ->> 'weight', value ->> 'latencyMs', value ->> 'nonce', value ->> 'status', value ->> 'notTrainable'
  FROM json_each(?1)`;

/** A list in one parameter, in UTF-16 code units: at three bytes each it stays below the 2 MB that D1 gives a value. */
const MAX_PARAMETER = 650_000;

/**
 * Throws, and writes nothing, when somebody else stored one of the ids or nonces, or replaced one of the earlier
 * votes, since they were looked up.
 */
export async function writeVotes(
  db: Database,
  project: string,
  votes: readonly Vote[],
  rows: readonly NewVote[],
  replacements: readonly Replacement[],
  now: number,
): Promise<void> {
  const statements: D1PreparedStatement[] = [];
  const add = (sql: string, items: readonly unknown[], ...rest: unknown[]) => {
    for (const list of lists(items)) statements.push(db.$client.prepare(sql).bind(list, project, ...rest));
  };
  const inline = votes.flatMap(({ comparison, inline }) => (inline ? [{ id: comparison, ...inline }] : []));
  add(PROMPTS, distinctPrompts(inline), now);
  add(
    COMPARISONS,
    inline.map(({ id, domain, kind, prompt, candidates, bodyHash }) => {
      return { id, domain, kind, prompt: prompt.id, candidates: candidates.map((candidate) => candidate.id), bodyHash };
    }),
    now,
  );
  add(
    CANDIDATES,
    inline.flatMap(({ id, candidateRows }) =>
      candidateRows.map((row, position) => ({ comparison: id, position, ...row })),
    ),
    JSON.stringify(IMPORTED),
  );
  add(REPLACE, replacements);
  add(REPLACED, replacements);
  add(VOTES, rows, now);
  if (replacements.length > 0) statements.push(db.$client.prepare('DELETE FROM guard'));
  await db.$client.batch(statements);
}

function distinctPrompts(inline: readonly InlineRows[]): { id: string; body: string }[] {
  const bodies = new Map(inline.map(({ prompt }) => [prompt.id, prompt.body]));
  return [...bodies].map(([id, body]) => ({ id, body }));
}

/** JSON lists of the items, as few as the limit allows. */
function lists(items: readonly unknown[]): string[] {
  const parts: string[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const item of items) {
    const text = JSON.stringify(item);
    if (size + text.length > MAX_PARAMETER) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)?.push(text);
    size += text.length + 1;
  }
  return parts.map((texts) => `[${texts.join()}]`);
}
