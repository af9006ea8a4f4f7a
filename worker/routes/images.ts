/** /v1/images: pictures come in under the hash of their bytes, and are shown by it. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { Sha256, Slug } from '../../shared/contracts/ids.ts';
import { ImageReceipt, MAX_IMAGE_BYTES } from '../../shared/contracts/image.ts';
import { ApiError, found } from '../access/api-error.ts';
import { hasScope, requireSecret } from '../access/caller.ts';
import type { Env } from '../env.ts';
import { checkImage, imageKey, keepImage, tooLarge } from '../images/keep-image.ts';
import { findImage } from '../store/images.ts';
import { failures, json, router } from './router.ts';

/** Shown without a key: merged before the authentication. */
export const shownImages = router();
export const images = router();

const binary = { schema: z.string().meta({ format: 'binary' }) };
const picture = { 'image/png': binary, 'image/jpeg': binary, 'image/webp': binary };

shownImages.openapi(
  createRoute({
    method: 'get',
    path: '/v1/images/{project}/{sha256}',
    summary: 'A picture, for whoever knows its hash: no key is needed',
    request: { params: z.object({ project: Slug, sha256: Sha256 }) },
    responses: { 200: { description: 'Its bytes; they never change', content: picture }, ...failures },
  }),
  async (c) => {
    const { project, sha256 } = c.req.valid('param');
    const shown = await showImage(c, project, sha256);
    // Scripts of any page may read what every page may show.
    shown.headers.set('access-control-allow-origin', '*');
    return shown;
  },
);

images.openapi(
  createRoute({
    method: 'get',
    path: '/v1/images/{sha256}',
    summary: 'A picture of the project (any secret key)',
    request: { params: z.object({ sha256: Sha256 }) },
    responses: { 200: { description: 'Its bytes; they never change', content: picture }, ...failures },
  }),
  (c) => {
    requireSecret(c);
    return showImage(c, c.var.project.id, c.req.valid('param').sha256);
  },
);

images.openapi(
  createRoute({
    method: 'put',
    path: '/v1/images/{sha256}',
    summary: 'Upload a picture (user token with collect, or secret key with ingest)',
    request: {
      params: z.object({ sha256: Sha256 }),
      body: { required: true, content: { 'application/octet-stream': binary } },
    },
    responses: {
      200: json(ImageReceipt, 'It had been received before'),
      201: json(ImageReceipt, 'Received, checked and kept'),
      ...failures,
    },
  }),
  async (c) => {
    requireUploader(c);
    const { sha256 } = c.req.valid('param');
    const known = await findImage(c.var.db, c.var.project.id, sha256);
    const bytes = await readBytes(c);
    if (known) return c.json({ ...known, replayed: true }, 200);
    const image = await checkImage(bytes, sha256);
    await keepImage(c, bytes, image);
    return c.json({ ...image, replayed: false }, 201);
  },
);

function requireUploader(c: Context<Env>): void {
  const { caller } = c.var;
  if (caller.kind === 'user' && caller.scopes.includes('collect')) return;
  if (caller.kind === 'secret' && hasScope(caller, 'ingest')) return;
  throw new ApiError(
    'forbidden',
    'This needs a user token with the scope collect or a secret key with the scope ingest.',
  );
}

/** The whole body. Throws `too_large` before more than fits was read; the rest is let go by, so that the sender sees why. */
async function readBytes(c: Context<Env>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const part of c.req.raw.body ?? new Blob().stream()) {
    size += part.length;
    if (size <= MAX_IMAGE_BYTES) parts.push(part as Uint8Array<ArrayBuffer>);
    else parts.length = 0;
  }
  if (size > MAX_IMAGE_BYTES) tooLarge();
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

async function showImage(c: Context<Env>, project: string, sha256: string): Promise<Response> {
  const facts = found(await findImage(c.var.db, project, sha256), 'picture');
  const object = found(await c.env.FILES.get(imageKey(project, sha256)), 'picture');
  return new Response(object.body as unknown as ReadableStream, {
    headers: {
      'content-type': facts.mediaType,
      'content-length': String(facts.bytes),
      etag: `"${sha256}"`,
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'cross-origin',
    },
  });
}
