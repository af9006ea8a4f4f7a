/** GET /v1/models: the domains, as OpenAI clients list models. */
import { createRoute } from '@hono/zod-openapi';
import { ModelList } from '../../shared/contracts/inference.ts';
import { requireInferrer } from '../access/caller.ts';
import { listDomains } from '../store/domains.ts';
import { failures, json, router } from './router.ts';

export const models = router();

models.openapi(
  createRoute({
    method: 'get',
    path: '/v1/models',
    summary: 'The domains that can be asked (user token or secret key with infer)',
    responses: { 200: json(ModelList, 'In the order of their ids'), ...failures },
  }),
  async (c) => {
    requireInferrer(c);
    const rows = await listDomains(c.var.db, c.var.project.id);
    const data = rows.map(({ id, createdAt }) => {
      return { id, object: 'model' as const, created: Math.floor(createdAt / 1000), owned_by: c.var.project.id };
    });
    return c.json({ object: 'list' as const, data }, 200);
  },
);
