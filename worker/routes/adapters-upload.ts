/** PUT /v1/adapters/files/{sha256}: the bytes of one file, under their hash. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { type AdapterFile, AdapterFileName, FileReceipt, MAX_FILE_BYTES } from '../../shared/contracts/adapter.ts';
import { Sha256 } from '../../shared/contracts/ids.ts';
import { ApiError } from '../access/api-error.ts';
import { requireSecret } from '../access/caller.ts';
import { receiveFile } from '../adapter-files/receive-file.ts';
import type { Env } from '../env.ts';
import { addFile } from '../store/adapters.ts';
import { findFile } from '../store/adapters-check.ts';
import { failures, json, router } from './router.ts';

export const adapterUploads = router();

adapterUploads.openapi(
  createRoute({
    method: 'put',
    path: '/v1/adapters/files/{sha256}',
    summary: 'Upload one file of an adapter; it is checked while it comes in (train)',
    request: {
      params: z.object({ sha256: Sha256 }),
      query: z.object({ name: z.string().meta({ description: AdapterFileName.options.join(', ') }) }),
      body: {
        required: true,
        content: { 'application/octet-stream': { schema: z.string().meta({ format: 'binary' }) } },
      },
    },
    responses: {
      200: json(FileReceipt, 'It had been received before'),
      201: json(FileReceipt, 'Received, checked and kept'),
      ...failures,
    },
  }),
  async (c) => {
    requireSecret(c, 'train');
    const file = readFile(c, c.req.valid('param').sha256, c.req.valid('query').name);
    const project = c.var.project.id;
    const known = await findFile(c.var.db, project, file.sha256, file.name);
    const body = c.req.raw.body ?? new Blob().stream();
    if (known) {
      // Not reading on would break the connection under a client that is still sending.
      await body.pipeTo(new WritableStream());
      return c.json({ ...file, bytes: known.bytes, replayed: true }, 200);
    }
    const facts = await receiveFile(c.env.FILES, project, file, body);
    await addFile(c.var.db, { project, ...file, facts, createdAt: c.var.now() });
    return c.json({ ...file, replayed: false }, 201);
  },
);

function readFile(c: Context<Env>, sha256: string, name: string): AdapterFile {
  const known = AdapterFileName.safeParse(name);
  if (!known.success) {
    throw new ApiError(
      'adapter_invalid',
      `An adapter has no file ${name}, only ${AdapterFileName.options.join(', ')}.`,
    );
  }
  const length = c.req.header('content-length');
  if (length === undefined)
    throw new ApiError('invalid_request', 'Say how long the file is: send the header content-length.');
  const bytes = Number(length);
  if (bytes > MAX_FILE_BYTES) throw new ApiError('too_large', `A file may have ${MAX_FILE_BYTES / 1e6} MB at most.`);
  if (!(bytes > 0)) throw new ApiError('adapter_invalid', `${name} is empty.`);
  return { name: known.data, sha256, bytes };
}
