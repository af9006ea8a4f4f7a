/** /v1/encoders: registration, list, download; and which one a domain has. Files go up as those of adapters do. */
import { createRoute, z } from '@hono/zod-openapi';
import { AdapterFileName } from '../../shared/contracts/adapter.ts';
import { Domain } from '../../shared/contracts/domain.ts';
import { EncoderChoice, EncoderInput, EncoderList, EncoderRecord } from '../../shared/contracts/encoder.ts';
import { Sha256, Slug } from '../../shared/contracts/ids.ts';
import { ApiError, found } from '../access/api-error.ts';
import { requireSecret } from '../access/caller.ts';
import { fileKey } from '../adapter-files/receive-file.ts';
import { tryEncoder } from '../encoder/user-embedding.ts';
import { asDomain } from '../store/domains.ts';
import {
  addEncoder,
  chooseEncoder,
  findEncoder,
  listEncoders,
  replayEncoder,
  type StoredEncoder,
} from '../store/encoders.ts';
import { checkEncoder } from '../store/encoders-check.ts';
import { isRejection, type Rejection } from '../store/rejection.ts';
import { accepted } from './accepted.ts';
import { failures, json, jsonBody, router } from './router.ts';

export const encoders = router();

const EncoderPath = z.object({ sha: Sha256 });

encoders.openapi(
  createRoute({
    method: 'post',
    path: '/v1/encoders',
    summary: 'Register a user encoder, after its files; it is run once before it is kept (train)',
    request: { body: jsonBody(EncoderInput) },
    responses: {
      200: json(EncoderRecord, 'It had been registered before'),
      201: json(EncoderRecord, 'The new encoder'),
      ...failures,
    },
  }),
  async (c) => {
    requireSecret(c, 'train');
    const input = c.req.valid('json');
    const project = c.var.project.id;
    const before = allowed(await replayEncoder(c.var.db, project, input));
    if (before) return c.json({ ...before, replayed: true }, 200);
    allowed(await checkEncoder(c.var.db, project, input));
    await tryEncoder(c, input);
    const now = c.var.now();
    if (await addEncoder(c.var.db, project, input, now)) {
      return c.json({ encoder: input, createdAt: now, replayed: false }, 201);
    }
    // It came in twice at once, and the other one was faster.
    const same = accepted(await replayEncoder(c.var.db, project, input), 'encoder');
    return c.json({ ...same, replayed: true }, 200);
  },
);

function allowed(result: StoredEncoder | Rejection | null): StoredEncoder | null {
  if (result && isRejection(result)) throw new ApiError(result.code, result.message);
  return result;
}

encoders.openapi(
  createRoute({
    method: 'get',
    path: '/v1/encoders',
    summary: 'User encoders, newest first (train or infer)',
    request: {
      query: z.object({ domain: Slug.optional(), limit: z.coerce.number().int().min(1).max(100).default(20) }),
    },
    responses: { 200: json(EncoderList, 'With their priors'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'train', 'infer');
    const { domain = null, limit } = c.req.valid('query');
    const items = await listEncoders(c.var.db, c.var.project.id, domain, limit);
    return c.json({ items: items.map((item) => ({ ...item, replayed: false })) }, 200);
  },
);

encoders.openapi(
  createRoute({
    method: 'get',
    path: '/v1/encoders/{sha}',
    summary: 'One user encoder (train or infer)',
    request: { params: EncoderPath },
    responses: { 200: json(EncoderRecord, 'The encoder'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'train', 'infer');
    const stored = found(await findEncoder(c.var.db, c.var.project.id, c.req.valid('param').sha), 'encoder');
    return c.json({ ...stored, replayed: false }, 200);
  },
);

encoders.openapi(
  createRoute({
    method: 'get',
    path: '/v1/encoders/{sha}/files/{name}',
    summary: 'One file of a user encoder (train or infer)',
    request: { params: EncoderPath.extend({ name: AdapterFileName }) },
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
    const { encoder } = found(await findEncoder(c.var.db, c.var.project.id, sha), 'encoder');
    const files = encoder.kind === 'set' ? encoder.files : [];
    const file = found(
      files.find((each) => each.name === name),
      `file ${name} of the encoder`,
    );
    const object = found(await c.env.FILES.get(fileKey(c.var.project.id, file.sha256)), `file ${name} of the encoder`);
    return c.body(object.body as unknown as ReadableStream, 200, {
      'content-type': 'application/octet-stream',
      'content-length': String(file.bytes),
      etag: `"${file.sha256}"`,
      'cache-control': 'private, max-age=31536000, immutable',
    });
  },
);

encoders.openapi(
  createRoute({
    method: 'put',
    path: '/v1/domains/{domain}/encoder',
    summary:
      'Choose the user encoder that new embeddings of a domain come from, one of its own or none (admin or train)',
    request: { params: z.object({ domain: Slug }), body: jsonBody(EncoderChoice) },
    responses: { 200: json(Domain, 'The changed domain'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'train');
    const { domain } = c.req.valid('param');
    const chosen = await chooseEncoder(c.var.db, c.var.project.id, domain, c.req.valid('json').encoder);
    return c.json(asDomain(accepted(chosen, 'domain')), 200);
  },
);
