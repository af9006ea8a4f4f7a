/** POST /v1/user-tokens: for customers who do not sign tokens themselves. */
import { createRoute } from '@hono/zod-openapi';
import { type UserScope, UserToken, UserTokenInput } from '../../shared/contracts/key.ts';
import { ApiError } from '../access/api-error.ts';
import { hasScope, requireSecret } from '../access/caller.ts';
import { mintUserToken } from '../access/user-token.ts';
import { failures, json, jsonBody, router } from './router.ts';

export const userTokens = router();

userTokens.openapi(
  createRoute({
    method: 'post',
    path: '/v1/user-tokens',
    summary: 'Mint a token for one person: collect needs the scope ingest, infer the scope infer',
    request: { body: jsonBody(UserTokenInput) },
    responses: { 201: json(UserToken, 'The token and when it ends'), ...failures },
  }),
  async (c) => {
    const caller = requireSecret(c, 'ingest', 'infer');
    const input = c.req.valid('json');
    const grantable: UserScope[] = [];
    if (hasScope(caller, 'ingest')) grantable.push('collect');
    if (hasScope(caller, 'infer')) grantable.push('infer');
    const scopes = [...new Set(input.scopes ?? grantable)];
    const refused = scopes.find((scope) => !grantable.includes(scope));
    if (refused) throw new ApiError('forbidden', `This key cannot grant ${refused}.`);
    return c.json(await mintUserToken(c.var.project, { ...input, scopes }, c.var.now()), 201);
  },
);
