/** /v1/domains/{domain}/events: how a domain is right now, told whenever it changed. */
import { createRoute, z } from '@hono/zod-openapi';
import { DomainLive } from '../../shared/contracts/console.ts';
import { Slug } from '../../shared/contracts/ids.ts';
import { found } from '../access/api-error.ts';
import { requireSecret } from '../access/caller.ts';
import { readLive } from '../store/stats.ts';
import { streamChanges } from './event-stream.ts';
import { failures, router } from './router.ts';

export const events = router();

events.openapi(
  createRoute({
    method: 'get',
    path: '/v1/domains/{domain}/events',
    summary: 'How a domain is right now, as server-sent events (any secret key)',
    description:
      'An event `state` at once and whenever something changed: looked at every 2 seconds. A comment every 15 seconds shows that the line stands. The stream ends after 5 minutes, and when the key is revoked; whoever wants more asks again, as an EventSource does by itself.',
    request: { params: z.object({ domain: Slug }) },
    responses: {
      200: {
        description: 'Each `state` has a DomainLive as its data',
        content: { 'text/event-stream': { schema: DomainLive } },
      },
      ...failures,
    },
  }),
  async (c) => {
    const { key } = requireSecret(c);
    const { db, project, now } = c.var;
    const { domain } = c.req.valid('param');
    const first = found(await readLive(db, project.id, domain, key, now()), 'domain');
    const look = () => readLive(db, project.id, domain, key, now());
    // The clock alone is no news; a minute that has begun is.
    const isNews = ({ now: _, ...one }: DomainLive, { now: __, ...other }: DomainLive) =>
      JSON.stringify(one) !== JSON.stringify(other);
    return streamChanges({ event: 'state', first, look, isNews, signal: c.req.raw.signal });
  },
);
