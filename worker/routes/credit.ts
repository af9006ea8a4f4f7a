/** POST /v1/credit: what the domain's live adapter thinks of each token of an answer. */
import { createRoute } from '@hono/zod-openapi';
import { CreditRequest, CreditResult } from '../../shared/contracts/inference.ts';
import { withSystem } from '../../shared/contracts/prompt.ts';
import { found } from '../access/api-error.ts';
import { requireInferrer } from '../access/caller.ts';
import { backEnd } from '../inference/back-end.ts';
import { ADAPTER_HEADER } from '../inference/runner.ts';
import { findDomain } from '../store/domains.ts';
import { failures, json, jsonBody, router } from './router.ts';

export const credit = router();

credit.openapi(
  createRoute({
    method: 'post',
    path: '/v1/credit',
    summary: 'Credit of every token of an answer under the live adapter (user token or secret key with infer)',
    request: { body: jsonBody(CreditRequest) },
    responses: { 200: json(CreditResult, 'One number per token; they sum to the implicit reward'), ...failures },
  }),
  async (c) => {
    requireInferrer(c);
    const request = c.req.valid('json');
    const domain = found(await findDomain(c.var.db, c.var.project.id, request.model), 'domain');
    const adapter = domain.live ?? 'base';
    const messages = withSystem(request.messages, domain.system);
    const beta = request.beta ?? ('beta' in domain.recipe ? domain.recipe.beta : 1);
    const result = await backEnd(c).credit(
      { model: adapter, messages, completion: request.completion, beta },
      c.req.raw.signal,
    );
    return c.json(result, 200, { [ADAPTER_HEADER]: adapter });
  },
);
