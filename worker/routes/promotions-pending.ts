/** Checkpoints that passed their gates and could not be served yet, because the back end was away. */
import type { Context } from 'hono';
import type { Env } from '../env.ts';
import { findAdapter } from '../store/adapters.ts';
import { stagedHeads } from '../store/alias-moves.ts';
import { isLoading, publish } from './promotions-publish.ts';

/** A runner asks for work every second or so: the back end is asked less often, and not waited for long. */
const PAUSE_MS = 5000;
const PATIENCE_MS = 3000;
const MOST = 10_000;

/** Per process: when a head was tried last. Losing it costs one more try. */
const tried = new Map<string, number>();

/** Tries again to serve one of the heads of these domains. */
export async function publishPending(c: Context<Env>, domains: readonly string[]): Promise<void> {
  const project = c.var.project.id;
  const now = c.var.now();
  for (const sha of await stagedHeads(c.var.db, project, domains)) {
    if (isLoading(c, sha)) continue;
    const key = `${project}/${sha}`;
    if (now - (tried.get(key) ?? Number.NEGATIVE_INFINITY) < PAUSE_MS) continue;
    if (tried.size >= MOST) tried.clear();
    tried.set(key, now);
    const record = await findAdapter(c.var.db, project, sha);
    // One a call: a runner that waits for work must not wait for a back end that is away.
    if (record) return patiently(publish(c, record));
  }
}

async function patiently(publishing: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  await Promise.race([publishing, late]).finally(() => clearTimeout(timer));
}
