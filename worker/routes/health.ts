/** GET /v1/health: open to everybody, says nothing about any project. */
import { createRoute } from '@hono/zod-openapi';
import { sql } from 'drizzle-orm';
import packageJson from '../../package.json' with { type: 'json' };
import { Health } from '../../shared/contracts/stats.ts';
import { backEndUrl } from '../inference/back-end.ts';
import { json, router } from './router.ts';

export const VERSION = packageJson.version;

export const health = router();

health.openapi(
  createRoute({
    method: 'get',
    path: '/v1/health',
    summary: 'Whether the edge and what it stands on are there',
    security: [],
    responses: { 200: json(Health, 'Alive; degraded when a part is missing') },
  }),
  async (c) => {
    const urls = new Set((['text', 'pictures'] as const).flatMap((output) => backEndUrl(c.env, output) ?? []));
    const [database, files, inference] = await Promise.all([
      holds(() => c.var.db.get(sql`SELECT 1`)),
      holds(() => c.env.FILES.head('health')),
      urls.size > 0 ? holds(() => Promise.all([...urls].map(inferenceAnswers))) : null,
    ]);
    const status = database && files && inference !== false ? ('ok' as const) : ('degraded' as const);
    return c.json({ status, version: VERSION, host: c.env.HOST, database, files, inference }, 200);
  },
);

async function holds(check: () => PromiseLike<unknown>): Promise<boolean> {
  try {
    await check();
    return true;
  } catch {
    return false;
  }
}

async function inferenceAnswers(url: string): Promise<void> {
  const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) });
  await answer.body?.cancel();
  if (!answer.ok) throw new Error(`health answered ${answer.status}`);
}
