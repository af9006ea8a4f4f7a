/** The policy `gates`: a checkpoint whose gates passed is loaded, probed and served; otherwise it stays staged. */
import type { Context } from 'hono';
import type { AdapterRecord } from '../../shared/contracts/adapter.ts';
import { ApiError } from '../access/api-error.ts';
import type { Env } from '../env.ts';
import { backEnd, backEndUrl } from '../inference/back-end.ts';
import { outputOfAdapter } from '../inference/output.ts';
import { findAdapter } from '../store/adapters.ts';
import { moveAlias } from '../store/alias-moves.ts';
import { findDomain } from '../store/domains.ts';
import { gateProblem } from './promotions-gates.ts';

/** The alias may move while the back end loads; then it is looked at again. */
const MAX_ATTEMPTS = 3;

/** Why the adapter is not live; null = it is. A failure is a reason, never an error: the checkpoint is safe already. */
export async function publish(c: Context<Env>, record: AdapterRecord): Promise<string | null> {
  if (record.stage === 'live') return null;
  if (record.stage !== 'staged') return 'It was live, and another adapter is now.';
  const key = loadingKey(c, record.sha);
  loading.set(key, c.var.now());
  try {
    return await loadAndFlip(c, record);
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    throw error;
  } finally {
    loading.delete(key);
  }
}

/** What this process is about to serve, since when: nobody else needs to try meanwhile. */
const loading = new Map<string, number>();

/** A host may end a request without a word; after this long its attempt is taken for dead. */
const DEAD_MS = 180_000;

export function isLoading(c: Context<Env>, sha: string): boolean {
  return c.var.now() - (loading.get(loadingKey(c, sha)) ?? Number.NEGATIVE_INFINITY) < DEAD_MS;
}

function loadingKey(c: Context<Env>, sha: string): string {
  return `${c.var.project.id}/${sha}`;
}

async function loadAndFlip(c: Context<Env>, record: AdapterRecord): Promise<string | null> {
  const { sha, domain, gates, createdAt } = record;
  const project = c.var.project.id;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const row = await findDomain(c.var.db, project, domain);
    if (!row) return 'Its domain is gone.';
    const problem = gateProblem(gates, row.gates);
    if (problem) return problem;
    if (row.live === sha) return null;
    const live = row.live === null ? null : await findAdapter(c.var.db, project, row.live);
    if (live && live.createdAt > createdAt) return 'A newer adapter is live.';
    await loadAndProbe(c, record);
    const move = {
      domain,
      from: row.live,
      to: sha,
      action: 'promote',
      actor: 'gates',
      note: '',
      onlyStaged: true,
    } as const;
    if (await moveAlias(c.var.db, project, move, c.var.now())) return null;
  }
  return 'The live adapter was changed by others at the same time.';
}

/** Throws ApiError when the back end cannot serve the adapter. Without a back end there is nothing to load it into. */
export async function loadAndProbe(c: Context<Env>, record: AdapterRecord): Promise<void> {
  const output = outputOfAdapter(record);
  if (!backEndUrl(c.env, output)) return;
  const { differs } = await backEnd(c, output).load(record.sha);
  if (!differs) throw new ApiError('probe_failed', 'The adapter was loaded, but its answers are those of the base.');
}
