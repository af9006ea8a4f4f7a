/** /console: the operator's page, and its session. */
import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { ConsoleSession, ConsoleSessionInput } from '../../shared/contracts/console.ts';
import { ApiError } from '../access/api-error.ts';
import {
  asConsoleSession,
  clearSession,
  openSession,
  readSessionCookie,
  requireOwnPage,
  SESSION_SECONDS,
  verifySession,
} from '../access/console-session.ts';
import { admitKey } from '../access/sign-in.ts';
import type { Env } from '../env.ts';
import { failures, json, jsonBody, router } from '../routes/router.ts';
import { consolePage } from './page.generated.js';

export const operatorConsole = router();

/** Its own script and style by their hashes, pictures of this edge, and nothing from or to anywhere else. */
const POLICY = [
  "default-src 'none'",
  `script-src '${consolePage.scriptHash}'`,
  `style-src '${consolePage.styleHash}'`,
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  // Where a browser knows it, text can no more become HTML by mistake than by malice.
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

operatorConsole.get('/console', (c) => c.html(consolePage.html, 200, HEADERS));

operatorConsole.openapi(
  createRoute({
    method: 'post',
    path: '/console/session',
    summary: 'Sign in to the console with an admin key, from the edge’s own page',
    description: `Sets a cookie that scripts cannot read, for ${SESSION_SECONDS / 3600} hours. Requests with it act as the key does; it is refused from any other page.`,
    security: [],
    request: { body: jsonBody(ConsoleSessionInput) },
    responses: { 200: json(ConsoleSession, 'Signed in'), ...failures },
  }),
  async (c) => {
    notCached(c);
    requireOwnPage(c);
    const { key, project } = await admitKey(c, c.req.valid('json').key);
    return c.json(asConsoleSession(await openSession(c, key, project)), 200);
  },
);

operatorConsole.openapi(
  createRoute({
    method: 'get',
    path: '/console/session',
    summary: 'Who is signed in to the console',
    security: [],
    responses: { 200: json(ConsoleSession, 'The session of the cookie'), ...failures },
  }),
  async (c) => {
    notCached(c);
    requireOwnPage(c);
    const value = readSessionCookie(c);
    if (!value) throw new ApiError('unauthorized', 'Nobody is signed in.');
    return c.json(asConsoleSession(await verifySession(c.var.db, value, c.var.now())), 200);
  },
);

operatorConsole.openapi(
  createRoute({
    method: 'delete',
    path: '/console/session',
    summary: 'Sign out: the cookie is cleared',
    security: [],
    responses: { 204: { description: 'Signed out' }, ...failures },
  }),
  async (c) => {
    requireOwnPage(c);
    clearSession(c);
    return c.body(null, 204);
  },
);

function notCached(c: Context<Env>): void {
  c.header('cache-control', 'no-store');
}
