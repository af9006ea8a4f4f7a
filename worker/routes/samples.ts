/** GET /v1/domains/{domain}/samples: what changed in its answers. */
import { createRoute, z } from '@hono/zod-openapi';
import { Slug } from '../../shared/contracts/ids.ts';
import { MAX_SAMPLES, SampleList } from '../../shared/contracts/sample.ts';
import { found } from '../access/api-error.ts';
import { requireSecret } from '../access/caller.ts';
import { askSamples } from '../inference/ask-samples.ts';
import { findDomain } from '../store/domains.ts';
import { heldOutPrompts } from '../store/examples.ts';
import { failures, json, router } from './router.ts';

export const samples = router();

samples.openapi(
  createRoute({
    method: 'get',
    path: '/v1/domains/{domain}/samples',
    summary: 'The newest held-out prompts, answered now by the base and by the live adapter with the same seed (train)',
    description: 'Asks the inference back end twice a prompt. Pictures are kept, as all that are drawn are.',
    request: {
      params: z.object({ domain: Slug }),
      query: z.object({ count: z.coerce.number().int().min(1).max(MAX_SAMPLES).default(4) }),
    },
    responses: { 200: json(SampleList, 'Before and now; 503 where no back end is configured'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'train');
    const project = c.var.project.id;
    const domain = found(await findDomain(c.var.db, project, c.req.valid('param').domain), 'domain');
    const prompts = await heldOutPrompts(c.var.db, project, domain.id);
    c.header('cache-control', 'no-store');
    return c.json(await askSamples(c, domain, prompts, c.req.valid('query').count), 200);
  },
);
