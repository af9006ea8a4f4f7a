/**
 * Completion. What a batch taught and that its votes are consumed commit together, in one atomic batch of statements
 * behind guards, or nothing does.
 */
import type { Completion, Dismissal } from '../../shared/contracts/batch.ts';
import { curveOf } from './adapters.ts';
import { checkAdapter } from './adapters-check.ts';
import { checkMembers, type Ended, endBatch, FINISH, GUARD_HELD, SET_REASONS } from './batches-end.ts';
import { type Database, isDuplicate } from './database.ts';
import { type Rejection, reject } from './rejection.ts';

/** The line of adapters never forks: ?1 project, ?2 batch, ?3 parent. */
const GUARD_PARENT = `INSERT INTO guard (name, ok) SELECT 'parent', EXISTS (SELECT 1 FROM batch AS b
  JOIN domain AS d ON d.project = b.project AND d.id = b.domain WHERE b.project = ?1 AND b.id = ?2 AND d.head IS ?3)`;

const CONSUME = `UPDATE preference SET status = 'consumed' WHERE project = ?1 AND batch = ?2 AND status = 'batched'`;

const MOVE_HEAD = `UPDATE domain SET head = ?3
  WHERE project = ?1 AND id = (SELECT domain FROM batch WHERE project = ?1 AND id = ?2)`;

const ADD_ADAPTER = `INSERT INTO adapter (project, sha, domain, parent, base_model, base_fingerprint, recipe, files, metrics,
    losses, gates, curve, runtime, encoder, stage, created_at, preferences, oldest_vote_at)
  SELECT b.project, ?3, b.domain, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 'staged', ?15, count(p.seq), min(p.created_at)
  FROM batch AS b LEFT JOIN preference AS p ON p.project = b.project AND p.batch = b.id AND p.status = 'consumed'
  WHERE b.project = ?1 AND b.id = ?2 GROUP BY b.id`;

/** Consumes the members, adds the adapter as staged and makes it the head. */
export async function completeBatch(
  db: Database,
  project: string,
  id: string,
  { fence, adapter, notTrainable }: Completion,
  now: number,
): Promise<Ended | Rejection | null> {
  const { sha, parent, baseModel, baseFingerprint, recipe, files, metrics, losses, gates, runtime } = adapter;
  const curve = curveOf(losses);
  const json = [recipe, files, metrics, losses, gates].map((value) => JSON.stringify(value));
  try {
    return await endBatch(db, {
      project,
      id,
      fence,
      adapter: sha,
      now,
      check: async (row) =>
        (await checkMembers(db, row, notTrainable, 'some')) ??
        (await checkAdapter(db, project, { ...adapter, domain: row.domain }, 'onTopOfHead')),
      statements: (run) => [
        run(GUARD_HELD, fence, now),
        run(GUARD_PARENT, parent),
        run(SET_REASONS, JSON.stringify(notTrainable)),
        run(CONSUME),
        run(FINISH, sha, now),
        run(MOVE_HEAD, sha),
        run(
          ADD_ADAPTER,
          ...[sha, parent, baseModel, baseFingerprint, ...json, curve && JSON.stringify(curve), runtime],
          adapter.encoder ?? null,
          now,
        ),
      ],
    });
  } catch (error) {
    if (!isDuplicate(error, 'adapter')) throw error;
    return reject('already_exists', `The adapter ${sha} exists already: training changed nothing.`);
  }
}

/** Ends a batch of which no member could be trained on, without an adapter. */
export function dismissBatch(
  db: Database,
  project: string,
  id: string,
  { fence, notTrainable }: Dismissal,
  now: number,
): Promise<Ended | Rejection | null> {
  return endBatch(db, {
    project,
    id,
    fence,
    adapter: null,
    now,
    check: (row) => checkMembers(db, row, notTrainable, 'all'),
    statements: (run) => [
      run(GUARD_HELD, fence, now),
      run(SET_REASONS, JSON.stringify(notTrainable)),
      run(FINISH, null, now),
    ],
  });
}
