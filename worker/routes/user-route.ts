/** GET /v1/users/{user}/route: why this person is answered as they are. */
import { createRoute, z } from '@hono/zod-openapi';
import { Slug, UserId } from '../../shared/contracts/ids.ts';
import { UserRoute } from '../../shared/contracts/route.ts';
import { found } from '../access/api-error.ts';
import { requireOwner } from '../access/caller.ts';
import { explainRoute } from '../inference/explain-route.ts';
import { findDomain } from '../store/domains.ts';
import { failures, json, router } from './router.ts';

export const userRoute = router();

userRoute.openapi(
  createRoute({
    method: 'get',
    path: '/v1/users/{user}/route',
    summary: 'What answers a person in a domain, and why (the person’s own token, or an admin key)',
    request: { params: z.object({ user: UserId }), query: z.object({ domain: Slug }) },
    responses: { 200: json(UserRoute, 'As it would be decided now'), ...failures },
  }),
  async (c) => {
    const { user } = c.req.valid('param');
    requireOwner(c, user, 'A route');
    const { domain } = c.req.valid('query');
    const row = found(await findDomain(c.var.db, c.var.project.id, domain), 'domain');
    c.header('cache-control', 'no-store');
    return c.json(await explainRoute(c, row, user), 200);
  },
);
