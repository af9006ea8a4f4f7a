/** What every answer carries, and the answer to a browser's preflight. */
import type { MiddlewareHandler } from 'hono';
import type { Env } from '../env.ts';
import { database } from '../store/database.ts';

const EXPOSED = 'x-prefloop-adapter, x-prefloop-encoder, x-request-id, retry-after';

/**
 * Request id, database, clock; CORS headers on the way out where authentication admitted the origin. A preflight
 * carries no bearer, so no project: it is granted to any page, and the request itself is then admitted or refused.
 */
export const prepare: MiddlewareHandler<Env> = async (c, next) => {
  const requestId = crypto.randomUUID();
  const offset = Number(c.env.CLOCK_OFFSET_MS ?? 0);
  c.set('requestId', requestId);
  c.set('db', database(c.env.DB));
  c.set('now', () => Date.now() + offset);
  const origin = c.req.header('origin');
  if (origin !== undefined && c.req.method === 'OPTIONS' && c.req.header('access-control-request-method')) {
    return c.body(null, 204, {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-max-age': '86400',
      vary: 'origin',
    });
  }
  await next();
  c.header('x-request-id', requestId);
  if (origin !== undefined) c.header('vary', 'origin');
  if (c.var.allowedOrigin !== undefined) {
    c.header('access-control-allow-origin', c.var.allowedOrigin);
    c.header('access-control-expose-headers', EXPOSED);
  }
};
