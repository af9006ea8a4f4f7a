/** /v1/signing-keys: with these the customer's own server signs user tokens. */
import { createRoute, z } from '@hono/zod-openapi';
import { Slug } from '../../shared/contracts/ids.ts';
import { SigningKey, SigningKeyInput, SigningKeyList } from '../../shared/contracts/key.ts';
import { ApiError, found } from '../access/api-error.ts';
import { forgetIdentities, REMEMBERED_MS } from '../access/authenticate.ts';
import { requireSecret } from '../access/caller.ts';
import { checkSigningKey, EDGE_KID } from '../access/user-token.ts';
import { asSigningKey, createSigningKey, listSigningKeys, revokeSigningKey } from '../store/signing-keys.ts';
import { failures, json, jsonBody, router } from './router.ts';

export const signingKeys = router();

signingKeys.openapi(
  createRoute({
    method: 'post',
    path: '/v1/signing-keys',
    summary: 'Register a signing key; two live ones allow rotation (admin)',
    request: { body: jsonBody(SigningKeyInput) },
    responses: { 201: json(SigningKey, 'The key, without its material'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'admin');
    const input = c.req.valid('json');
    const { kid, algorithm } = input;
    if (kid === EDGE_KID)
      throw new ApiError('already_exists', 'The kid "edge" names the tokens that the edge mints itself.');
    const material = input.algorithm === 'HS256' ? input.secret : input.publicKey;
    const row = { project: c.var.project.id, kid, algorithm, material, createdAt: c.var.now(), revokedAt: null };
    await checkSigningKey(row);
    if (!(await createSigningKey(c.var.db, row))) {
      throw new ApiError('already_exists', `The kid ${kid} is or was in use: a kid names one key for ever.`);
    }
    return c.json(asSigningKey(row), 201);
  },
);

signingKeys.openapi(
  createRoute({
    method: 'get',
    path: '/v1/signing-keys',
    summary: 'All signing keys, without their material (admin)',
    responses: { 200: json(SigningKeyList, 'Oldest first'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'admin');
    const rows = await listSigningKeys(c.var.db, c.var.project.id);
    return c.json({ items: rows.map(asSigningKey) }, 200);
  },
);

signingKeys.openapi(
  createRoute({
    method: 'delete',
    path: '/v1/signing-keys/{kid}',
    summary: `Revoke a signing key; its tokens are refused everywhere within ${REMEMBERED_MS / 1000} seconds (admin)`,
    request: { params: z.object({ kid: Slug }) },
    responses: { 200: json(SigningKey, 'The revoked key'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'admin');
    const row = await revokeSigningKey(c.var.db, c.var.project.id, c.req.valid('param').kid, c.var.now());
    forgetIdentities(c);
    return c.json(asSigningKey(found(row, 'signing key')), 200);
  },
);
