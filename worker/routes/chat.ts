/** POST /v1/chat/completions: OpenAI-shaped; the edge decides which adapter answers. */
import { createRoute } from '@hono/zod-openapi';
import { ChatCompletion, ChatRequest } from '../../shared/contracts/inference.ts';
import { withSystem } from '../../shared/contracts/prompt.ts';
import { found } from '../access/api-error.ts';
import { requireInferrer } from '../access/caller.ts';
import { backEnd } from '../inference/back-end.ts';
import { ENCODER_HEADER, MIXTURE, writerFor } from '../inference/personal.ts';
import { ADAPTER_HEADER } from '../inference/runner.ts';
import { findDomain } from '../store/domains.ts';
import { failures, json, jsonBody, router } from './router.ts';

export const chat = router();

chat.openapi(
  createRoute({
    method: 'post',
    path: '/v1/chat/completions',
    summary:
      'An answer of the domain’s live adapter, or of the user’s own mixture; `model` is the domain (user token or secret key with infer)',
    request: { body: jsonBody(ChatRequest) },
    responses: {
      200: {
        description:
          'The answer, or its chunks as server-sent events; x-prefloop-adapter names what made it (“mixture”: x-prefloop-encoder says which)',
        content: { ...json(ChatCompletion, '').content, 'text/event-stream': { schema: { type: 'string' } } },
      },
      ...failures,
    },
  }),
  async (c) => {
    const caller = requireInferrer(c);
    const { user: _, personal, max_completion_tokens: most, ...request } = c.req.valid('json');
    const domain = found(await findDomain(c.var.db, c.var.project.id, request.model), 'domain');
    const { model, mixing } = await writerFor(c, domain, personal && caller.kind === 'user' ? caller.user : null);
    const mixed = model === MIXTURE ? mixing : null;
    const wanted = most ?? request.max_tokens ?? domain.maxTokens;
    const answer = await backEnd(c).stream(
      {
        ...request,
        model,
        ...(mixed && { mixture: mixed.mixture }),
        messages: withSystem(request.messages, domain.system),
        temperature: request.temperature ?? domain.temperature,
        top_p: request.top_p ?? domain.topP,
        ...(request.revise && domain.recipe.method === 'srpo' && { revision: domain.recipe.revision }),
        max_tokens: caller.kind === 'secret' ? wanted : Math.min(wanted, domain.maxTokens),
      },
      c.req.raw.signal,
    );
    // The body goes through unread: chunks arrive as they are made, and an abort reaches the back end.
    return new Response(answer.body, {
      headers: {
        'content-type': answer.headers.get('content-type') ?? 'application/json',
        'cache-control': 'no-store',
        [ADAPTER_HEADER]: model,
        ...(mixed && { [ENCODER_HEADER]: mixed.encoder }),
      },
    });
  },
);
