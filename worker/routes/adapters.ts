/** /v1/adapters: registration, list, download. Uploads are in adapters-upload.ts. */
import { createRoute, z } from '@hono/zod-openapi';
import { AdapterFileName, AdapterList, AdapterRecord, AdapterRegistration } from '../../shared/contracts/adapter.ts';
import { Sha256, Slug } from '../../shared/contracts/ids.ts';
import { found } from '../access/api-error.ts';
import { requireSecret } from '../access/caller.ts';
import { fileKey } from '../adapter-files/receive-file.ts';
import { fileOf, findAdapter, listAdapters, registerAdapter } from '../store/adapters.ts';
import { accepted } from './accepted.ts';
import { failures, json, jsonBody, router } from './router.ts';

export const adapters = router();

const AdapterPath = z.object({ sha: Sha256 });

adapters.openapi(
  createRoute({
    method: 'post',
    path: '/v1/adapters',
    summary: 'Register an adapter that was made elsewhere, after its files; it is staged (train)',
    request: { body: jsonBody(AdapterRegistration) },
    responses: {
      200: json(AdapterRecord, 'It had been registered before'),
      201: json(AdapterRecord, 'The staged adapter'),
      ...failures,
    },
  }),
  async (c) => {
    requireSecret(c, 'train');
    const registered = await registerAdapter(c.var.db, c.var.project.id, c.req.valid('json'), c.var.now());
    const { adapter, replayed } = accepted(registered, 'adapter');
    return c.json(adapter, replayed ? 200 : 201);
  },
);

adapters.openapi(
  createRoute({
    method: 'get',
    path: '/v1/adapters',
    summary: 'Adapters, newest first, with their losses thinned to 200 (train or infer)',
    request: {
      query: z.object({ domain: Slug.optional(), limit: z.coerce.number().int().min(1).max(1000).default(200) }),
    },
    responses: { 200: json(AdapterList, 'With their lineage'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'train', 'infer');
    const { domain = null, limit } = c.req.valid('query');
    return c.json({ items: await listAdapters(c.var.db, c.var.project.id, domain, limit) }, 200);
  },
);

adapters.openapi(
  createRoute({
    method: 'get',
    path: '/v1/adapters/{sha}',
    summary: 'One adapter (train or infer)',
    request: { params: AdapterPath },
    responses: { 200: json(AdapterRecord, 'With its lineage'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'train', 'infer');
    return c.json(found(await findAdapter(c.var.db, c.var.project.id, c.req.valid('param').sha), 'adapter'), 200);
  },
);

adapters.openapi(
  createRoute({
    method: 'get',
    path: '/v1/adapters/{sha}/files/{name}',
    summary: 'One file of an adapter (train or infer)',
    request: { params: AdapterPath.extend({ name: AdapterFileName }) },
    responses: {
      200: {
        description: 'Its bytes',
        content: { 'application/octet-stream': { schema: z.string().meta({ format: 'binary' }) } },
      },
      ...failures,
    },
  }),
  async (c) => {
    requireSecret(c, 'train', 'infer');
    const { sha, name } = c.req.valid('param');
    const record = found(await findAdapter(c.var.db, c.var.project.id, sha), 'adapter');
    const file = found(fileOf(record, name), `file ${name} of the adapter`);
    const object = found(await c.env.FILES.get(fileKey(c.var.project.id, file.sha256)), `file ${name} of the adapter`);
    return c.body(object.body as unknown as ReadableStream, 200, {
      'content-type': 'application/octet-stream',
      'content-length': String(file.bytes),
      etag: `"${file.sha256}"`,
      'cache-control': 'private, max-age=31536000, immutable',
    });
  },
);
