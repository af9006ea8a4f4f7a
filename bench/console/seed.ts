/**
 * A domain with a long history, written into the edge's own database while the edge stands still: rows as the edge itself stores
 * them, its triggers at work. Of every comparison three people vote; one in four is an order of four. A batch is 64 votes in a row,
 * less those that are held out or say nothing, and every completed batch made an adapter that was promoted.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Recipe } from '../../shared/contracts/recipe.ts';
import { seededRandom } from '../../shared/math/random.ts';
import { curveOf } from '../../worker/store/adapters.ts';

export const BATCH = 64;
/** Newest batches that are not completed: 10 set aside, one leased, one ready; what came after them waits. */
const OPEN = 12;
/** Milliseconds between two votes: a million in a month. */
const GAP = 2600;
/** Newest adapters whose loss curves are as long as may be. */
const [LONG, LONG_CURVE, CURVE] = [100, 10_000, 200];

const uuid = (kind: number, n: string) => `('01900000-0000-7000-8000-${kind}' || printf('%011x', ${n}))`;
const sha = (n: string) => `printf('%064x', ${n})`;
const series = (to: number) =>
  `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${Math.max(1, to)})`;
/** Four numbers of the n-th comparison's candidates, each told apart by its kind. */
const [COMPARISON, VOTE, CANDIDATE, BATCHED] = [1, 2, 3, 4];
const candidate = (c: string, k: string) => uuid(CANDIDATE, `4 * ${c} + (${k})`);
/** Looks random and is not. */
const mixed = (n: string) => `((${n}) * 2654435761 >> 9)`;

export type Seeded = { person: string; newestSeq: number };

/** persist: the folder of an edge that is not running, with project and domain. */
export function seedDomain(
  persist: string,
  { project, domain, votes }: { project: string; domain: string; votes: number },
): Seeded {
  const db = new DatabaseSync(findDatabase(persist));
  db.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -500000; BEGIN');
  const begin = Date.now() - votes * GAP;
  const [comparisons, batches] = [Math.ceil(votes / 3), Math.floor(votes / BATCH) - 1];
  const completed = batches - OPEN;
  const of = { $project: project, $domain: domain, $begin: begin };
  const run = (sql: string, more: Record<string, string | number>) => {
    const named = Object.entries({ ...of, ...more }).filter(([name]) => sql.includes(name));
    db.prepare(sql).run(Object.fromEntries(named));
  };

  run(
    `${series(comparisons)} INSERT INTO prompt (project, id, body, created_at) SELECT $project, 'h' || printf('%040x', i),
      json_object('messages', json_array(json_object('role', 'user', 'content',
        'Question ' || i || ': where is my parcel, and what can I do about it now?'))), $begin + i * 3 * ${GAP} FROM n`,
    {},
  );
  run(
    `${series(comparisons)} INSERT INTO comparison (project, id, domain, kind, prompt, candidates, body_hash, nonce, created_at)
      SELECT $project, ${uuid(COMPARISON, 'i')}, $domain, iif(i % 4 = 3, 'ranking', 'pair'), 'h' || printf('%040x', i),
      CASE WHEN i % 4 = 3 THEN json_array(${[0, 1, 2, 3].map((k) => candidate('i', `${k}`)).join(', ')})
        ELSE json_array(${candidate('i', 'i % 2')}, ${candidate('i', '1 - i % 2')}) END,
      ${sha('i')}, printf('%032x', i), $begin + i * 3 * ${GAP} FROM n`,
    {},
  );
  // What was live, the base, and what was live before: as comparisons are dealt.
  run(
    `${series(comparisons)} INSERT INTO candidate (project, comparison, id, position, content, origin)
      SELECT $project, ${uuid(COMPARISON, 'i')}, ${candidate('i', 'k.value')}, iif(i % 4 = 3 OR i % 2 = 0, k.value, 1 - k.value),
      json_object('type', 'text', 'text', substr('It is on its way and arrives on Tuesday. You can follow it on the map, or ask us to
 leave it with a neighbour. ', 1, 40 + ${mixed('4 * i + k.value')} % 70) || 'Answer ' || k.value || '.'),
      json_object('role', iif(k.value = 1, 'base', 'live'), 'adapter',
        CASE WHEN k.value = 1 OR i * 3 < ${4 * BATCH} THEN NULL ELSE ${sha(`i * 3 / ${BATCH} - k.value`)} END, 'model', 'tiny',
        'seed', i, 'temperature', 1, 'topP', 1, 'tokenIds', NULL, 'logps', NULL)
      FROM n JOIN json_each('[0, 1, 2, 3]') AS k WHERE k.value < 2 OR i % 4 = 3`,
    {},
  );
  const held = '(i / 3) % 10 = 0';
  const says = 'i % 25 <> 7';
  run(
    `${series(votes)}, v AS (SELECT i, i / 3 AS c, i / ${BATCH} AS b, iif(${mixed('i')} % 4 = 0, 1, 0) AS other FROM n),
      w AS (SELECT *, (${mixed('c')} + other) % 2 AS best FROM v)
      INSERT INTO preference (project, id, body_hash, domain, comparison, user, choice, confidence, weight, latency_ms, nonce,
        status, not_trainable, batch, ordinal, created_at)
      SELECT $project, ${uuid(VOTE, 'i')}, ${sha('i')}, $domain, ${uuid(COMPARISON, 'c')},
      'person-' || (60 * (i / 20000) + (c * 7 + (i % 3) * 17) % 60),
      CASE WHEN NOT ${says} THEN '{"type":"skip"}'
        WHEN c % 4 = 3 THEN json_object('type', 'ranking', 'ranking', json_array(
          ${[0, 1, 2, 3].map((k) => `json_array(${candidate('c', `(best + other + ${k}) % 4`)})`).join(', ')}))
        ELSE json_object('type', 'pair', 'chosen', ${candidate('c', 'best')}, 'position', (best + c) % 2) END,
      1, 1, 1500 + ${mixed('i')} % 6000, printf('%032x', i + (i % 3 > 0) * 1000000000),
      CASE WHEN NOT ${says} THEN 'notTrainable' WHEN ${held} THEN 'heldOut' WHEN b >= ${batches} THEN 'waiting'
        WHEN b < ${completed} THEN 'consumed' WHEN b < ${batches - 2} THEN 'quarantined' ELSE 'batched' END,
      CASE WHEN NOT ${says} THEN 'skip' END,
      CASE WHEN b < ${batches} AND ${says} AND NOT ${held} THEN ${uuid(BATCHED, 'b')} END,
      CASE WHEN b < ${batches} AND ${says} AND NOT ${held} THEN i % ${BATCH} END, $begin + i * ${GAP} FROM w`,
    {},
  );
  run(
    `${series(batches)} INSERT INTO batch (project, id, domain, state, fence, attempts, runner, lease_expires, size, adapter, error,
        created_at, completed_at)
      SELECT $project, ${uuid(BATCHED, 'i')}, $domain,
      CASE WHEN i < ${completed} THEN 'completed' WHEN i < ${batches - 2} THEN 'quarantined' WHEN i < ${batches - 1} THEN 'leased'
        ELSE 'ready' END,
      1, 1, 'gpu-1', $begin + i * ${BATCH * GAP} + 86400000, ${BATCH}, iif(i < ${completed}, ${sha('i + 1')}, NULL),
      iif(i >= ${completed} AND i < ${batches - 2}, 'CUDA out of memory: tried to allocate 2.1 GiB', NULL),
      $begin + (i + 1) * ${BATCH * GAP}, iif(i < ${completed}, $begin + (i + 1) * ${BATCH * GAP} + 4000, NULL) FROM n`,
    {},
  );
  const long = losses(LONG_CURVE);
  run(
    `${series(completed)} INSERT INTO adapter (project, sha, domain, parent, base_model, base_fingerprint, recipe, files, metrics,
        losses, curve, gates, runtime, stage, preferences, oldest_vote_at, created_at, live_at)
      SELECT $project, ${sha('i + 1')}, $domain, iif(i = 0, NULL, ${sha('i')}), 'tiny', ${sha('0')}, $recipe,
      json_array(json_object('name', 'adapter_config.json', 'sha256', ${sha('2 * i + 1')}, 'bytes', 700),
        json_object('name', 'adapter_model.safetensors', 'sha256', ${sha('2 * i + 2')}, 'bytes', 4000000)),
      $metrics, iif(i >= ${completed - LONG}, $long, $short), iif(i >= ${completed - LONG}, $curve, NULL), $gates,
      'prefloop-runner 0.1.0', iif(i = ${completed - 1}, 'live', 'retired'), 55, $begin + i * ${BATCH * GAP},
      $begin + (i + 1) * ${BATCH * GAP} + 4000, $begin + (i + 1) * ${BATCH * GAP} + 5000 FROM n`,
    {
      $recipe: JSON.stringify(Recipe.parse({ method: 'dpo' })),
      $metrics: JSON.stringify(metrics()),
      $gates: JSON.stringify(gates()),
      $long: JSON.stringify(long),
      $curve: JSON.stringify(curveOf(long)),
      $short: JSON.stringify(losses(CURVE)),
    },
  );
  run(
    `${series(completed)} INSERT INTO alias_move (project, domain, from_sha, to_sha, action, actor, note, freed, at)
      SELECT $project, $domain, iif(i = 0, NULL, ${sha('i')}), ${sha('i + 1')}, 'promote', 'gates', '', 0,
      $begin + (i + 1) * ${BATCH * GAP} + 5000 FROM n`,
    {},
  );
  run(
    `UPDATE domain SET head = ${sha(`${completed}`)}, live = ${sha(`${completed}`)} WHERE project = $project AND id = $domain`,
    {},
  );
  db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  const { seq } = db.prepare('SELECT max(seq) AS seq FROM preference').get() as { seq: number };
  db.close();
  return { person: `person-${60 * Math.floor((votes - 1) / 20_000) + 7}`, newestSeq: seq };
}

/** Where miniflare keeps D1: one file, named by a hash. */
function findDatabase(persist: string): string {
  const folder = join(persist, 'v3', 'd1', 'miniflare-D1DatabaseObject');
  const files = readdirSync(folder).filter((name) => name.endsWith('.sqlite') && name !== 'metadata.sqlite');
  if (files.length !== 1) throw new Error(`${folder} holds ${files.length} databases, not one`);
  return join(folder, files[0] as string);
}

function losses(count: number): number[] {
  const random = seededRandom(count);
  return Array.from({ length: count }, (_, n) =>
    Number((0.4 + 0.3 / (1 + (20 * n) / count) + 0.1 * random()).toFixed(5)),
  );
}

function metrics(): Record<string, number> {
  const names = ['loss', 'accuracy', 'margin', 'chosen.logp', 'rejected.logp', 'kl', 'length', 'seconds'];
  return Object.fromEntries(
    names.flatMap((name) => ['before', 'after', 'held'].map((when) => [`${name}.${when}`, 0.12345])),
  );
}

function gates(): object[] {
  const measured = { value: 0.7, low: 0.62, high: 0.78, n: 100, passed: true, reason: null };
  return [
    { name: 'accuracy', ...measured, bound: 0.5 },
    ...['displacement', 'kl', 'length'].map((name) => ({ name, ...measured, bound: null })),
  ];
}
