/** /v1/keys: the project's secret and public keys. */
import { createRoute, z } from '@hono/zod-openapi';
import { Key, KeyCreated, KeyInput, KeyList } from '../../shared/contracts/key.ts';
import { ApiError } from '../access/api-error.ts';
import { forgetIdentities, REMEMBERED_MS } from '../access/authenticate.ts';
import { requireSecret } from '../access/caller.ts';
import { makeKey } from '../access/keys.ts';
import { asKey, createKey, keyExists, listKeys, revokeKey } from '../store/keys.ts';
import { failures, json, jsonBody, router } from './router.ts';

export const keys = router();

keys.openapi(
  createRoute({
    method: 'post',
    path: '/v1/keys',
    summary: 'Create a key; its text is shown here and never again (admin)',
    request: { body: jsonBody(KeyInput) },
    responses: { 201: json(KeyCreated, 'The key'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'admin');
    const { row, text } = makeKey(c.var.project.id, c.req.valid('json'), c.var.now());
    await createKey(c.var.db, row);
    return c.json({ key: asKey(row), secret: text }, 201);
  },
);

keys.openapi(
  createRoute({
    method: 'get',
    path: '/v1/keys',
    summary: 'All keys, without their texts (admin)',
    responses: { 200: json(KeyList, 'Oldest first'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'admin');
    const rows = await listKeys(c.var.db, c.var.project.id);
    return c.json({ items: rows.map(asKey) }, 200);
  },
);

keys.openapi(
  createRoute({
    method: 'delete',
    path: '/v1/keys/{id}',
    summary: `Revoke a key for good; it is refused everywhere within ${REMEMBERED_MS / 1000} seconds (admin)`,
    request: { params: z.object({ id: z.string().regex(/^[0-9a-f]{16}$/, 'must be the id of a key') }) },
    responses: { 200: json(Key, 'The revoked key'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'admin');
    const { id } = c.req.valid('param');
    const project = c.var.project.id;
    const row = await revokeKey(c.var.db, project, id, c.var.now());
    if (!row && (await keyExists(c.var.db, project, id))) {
      throw new ApiError('forbidden', 'This is the last admin key: make another one before you revoke it.');
    }
    if (!row) throw new ApiError('not_found', 'There is no such key.');
    forgetIdentities(c);
    return c.json(asKey(row), 200);
  },
);
