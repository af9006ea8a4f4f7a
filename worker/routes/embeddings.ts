/** GET /v1/users/{user}/embedding: what is known of a person's taste. */
import { createRoute, z } from '@hono/zod-openapi';
import { Embedding, type EncoderInput } from '../../shared/contracts/encoder.ts';
import { Slug, UserId } from '../../shared/contracts/ids.ts';
import { ApiError, found } from '../access/api-error.ts';
import { requireOwner } from '../access/caller.ts';
import { userEmbedding } from '../encoder/user-embedding.ts';
import { findDomain } from '../store/domains.ts';
import { failures, json, router } from './router.ts';

export const embeddings = router();

embeddings.openapi(
  createRoute({
    method: 'get',
    path: '/v1/users/{user}/embedding',
    summary: 'A person’s taste in a domain, of the newest votes (the person’s own token, or an admin key)',
    request: { params: z.object({ user: UserId }), query: z.object({ domain: Slug }) },
    responses: {
      200: json(
        Embedding,
        'The embedding; server-timing says what a network took and what all of it, when one was run',
      ),
      ...failures,
    },
  }),
  async (c) => {
    const { user } = c.req.valid('param');
    requireOwner(c, user, 'An embedding');
    const { domain } = c.req.valid('query');
    const embedding = await userEmbedding(c, { domain, user });
    if (!embedding) {
      found(await findDomain(c.var.db, c.var.project.id, domain), 'domain');
      throw new ApiError('not_found', `The domain ${domain} has no user encoder.`);
    }
    const { encoder, made, timing } = embedding;
    const { lastSeq: _, ...shown } = made;
    if (timing) c.header('server-timing', timing);
    c.header('cache-control', 'no-store');
    return c.json({ user, domain, encoder: encoder.sha, ...shapeOf(encoder), ...shown }, 200);
  },
);

function shapeOf(encoder: EncoderInput): Pick<Embedding, 'kind' | 'tokens' | 'width'> {
  const { kind } = encoder;
  return kind === 'set'
    ? { kind, tokens: encoder.tokens, width: encoder.width }
    : { kind, tokens: 1, width: encoder.featureSize };
}
