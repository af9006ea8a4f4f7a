/** The page of `npm run demo` and what only it needs. Mounted when the binding DEMO is set: for one's own machine. */

import type { Context } from 'hono';
import { Hono } from 'hono';
import { UserId } from '../../shared/contracts/ids.ts';
import type { SampleList } from '../../shared/contracts/sample.ts';
import { ApiError, found } from '../access/api-error.ts';
import { mintUserToken } from '../access/user-token.ts';
import type { Env } from '../env.ts';
import { askSamples } from '../inference/ask-samples.ts';
import { type DomainRow, findDomain } from '../store/domains.ts';
import { findProject } from '../store/projects.ts';
import { readStats } from '../store/stats.ts';
import type { DemoConfig, DemoReady, DemoSession, DemoState, DemoTaste } from './contract.ts';
import { demoPage } from './page.generated.js';

const TOKEN_SECONDS = 3600;

/** The page needs its own inline script and style and the edge's pictures, and nothing from anywhere else. */
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export const demo = new Hono<Env>();

demo.get('/', (c) => {
  readConfig(c);
  return c.html(demoPage, 200, { 'content-security-policy': POLICY, 'cache-control': 'no-store' });
});

demo.post('/demo/session', async (c) => {
  const config = readConfig(c);
  const { user } = (await c.req.json().catch(() => ({}))) as { user?: unknown };
  const parsed = UserId.safeParse(user);
  if (!parsed.success) throw new ApiError('invalid_request', 'user: must be a pseudonym.');
  const project = found(await findProject(c.var.db, config.project), 'project');
  const wish = { user: parsed.data, scopes: ['collect' as const, 'infer' as const], expiresInSeconds: TOKEN_SECONDS };
  const { token } = await mintUserToken(project, wish, c.var.now());
  const offset = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  const { domain, prompts, taste } = config;
  const answer = { token, expiresInSeconds: TOKEN_SECONDS, domain, prompts, offset, project: config.project, taste };
  return c.json(answer satisfies DemoSession);
});

demo.get('/demo/state', async (c) => {
  const config = readConfig(c);
  const stats = await readStats(c.var.db, config.project, await demoDomain(c, config));
  return c.json({ stats, now: c.var.now() } satisfies DemoState);
});

demo.get('/demo/taste', async (c) => {
  const { project, taste } = readConfig(c);
  const find = async (plan: DemoTaste | { missing: string }) =>
    'domain' in plan ? await findDomain(c.var.db, project, plan.domain) : null;
  const [pictures, replies] = await Promise.all([find(taste.pictures), find(taste.replies)]);
  const ready = { pictures: typeof pictures?.live === 'string', replies: typeof replies?.encoder === 'string' };
  return c.json(ready satisfies DemoReady);
});

demo.get('/demo/replies', async (c) => {
  const config = readConfig(c);
  const domain = await demoDomain(c, config);
  // What is kept lies under the project that is shown.
  c.set('project', found(await findProject(c.var.db, config.project), 'project'));
  const prompts = config.samples.map((content) => ({ messages: [{ role: 'user' as const, content }] }));
  return c.json((await askSamples(c, domain, prompts, prompts.length)) satisfies SampleList);
});

function readConfig(c: Context<Env>): DemoConfig {
  if (!c.env.DEMO) throw new ApiError('not_found', `There is nothing at ${c.req.path}.`);
  return JSON.parse(c.env.DEMO) as DemoConfig;
}

async function demoDomain(c: Context<Env>, config: DemoConfig): Promise<DomainRow> {
  return found(await findDomain(c.var.db, config.project, config.domain), 'domain');
}
