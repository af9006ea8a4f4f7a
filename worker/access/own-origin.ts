/** Where this edge is, as a browser sees it. */
import type { Context } from 'hono';
import type { Env } from '../env.ts';

/** Behind a proxy that speaks https for it, the edge itself is asked over http: X-Forwarded-Proto tells. */
export function ownOrigin(c: Context<Env>): string {
  const url = new URL(c.req.url);
  // A page of elsewhere cannot send this header: no preflight grants it.
  if (c.req.header('x-forwarded-proto') === 'https') url.protocol = 'https:';
  return url.origin;
}
