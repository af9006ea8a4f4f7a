/** Calls of runners: batches under a lease, held-out examples, adapters. */
import { readBody } from './answer.ts';
import type { Body, CallOptions, Query, Send } from './request.ts';
import type { AdapterFileName, Bytes } from './wire.ts';

export function train(send: Send) {
  return {
    /** null when no batch is ready. Not repeated by itself: a second lease would take a second batch. */
    leaseBatch: (body: Body<'POST /v1/batches/lease'>, options?: CallOptions) =>
      send('POST /v1/batches/lease', { body }, options),
    renewLease: (id: string, fence: number, options?: CallOptions) =>
      send('POST /v1/batches/{id}/heartbeat', { path: { id }, body: { fence }, repeatable: true }, options),
    /** The fence makes a repetition harmless, here and in the next two: the first answer comes again. */
    completeBatch: (id: string, body: Body<'POST /v1/batches/{id}/complete'>, options?: CallOptions) => {
      const manner = { repeatable: true, timeoutMs: 180_000 };
      return send('POST /v1/batches/{id}/complete', { path: { id }, body, ...manner }, options);
    },
    failBatch: (id: string, body: Body<'POST /v1/batches/{id}/fail'>, options?: CallOptions) =>
      send('POST /v1/batches/{id}/fail', { path: { id }, body, repeatable: true }, options),
    dismissBatch: (id: string, body: Body<'POST /v1/batches/{id}/dismiss'>, options?: CallOptions) =>
      send('POST /v1/batches/{id}/dismiss', { path: { id }, body, repeatable: true }, options),
    /** Puts a quarantined batch in line again. */
    requeueBatch: (id: string, options?: CallOptions) =>
      send('POST /v1/batches/{id}/requeue', { path: { id } }, options),
    /** Newest first: `limit` of them, 100 without it. */
    listBatches: (query: Query<'GET /v1/batches'> = {}, options?: CallOptions) =>
      send('GET /v1/batches', { query }, options),
    getBatch: (id: string, options?: CallOptions) => send('GET /v1/batches/{id}', { path: { id } }, options),
    /** The newest `limit` examples that are never trained on, 200 without it. */
    getHeldOut: (domain: string, limit?: number, options?: CallOptions) =>
      send('GET /v1/domains/{domain}/held-out', { path: { domain }, query: { limit } }, options),

    uploadAdapterFile: (sha256: string, name: AdapterFileName, body: Bytes, options?: CallOptions) => {
      const parts = { path: { sha256 }, query: { name }, body, timeoutMs: 300_000 };
      return send('PUT /v1/adapters/files/{sha256}', parts, options);
    },
    /** After its files; said again, it is answered as the first time. */
    registerAdapter: (body: Body<'POST /v1/adapters'>, options?: CallOptions) =>
      send('POST /v1/adapters', { body, repeatable: true }, options),
    /** Newest first, of one domain or of all: `limit` of them, 200 without it. */
    listAdapters: (domain?: string, limit?: number, options?: CallOptions) =>
      send('GET /v1/adapters', { query: { domain, limit } }, options),
    getAdapter: (sha: string, options?: CallOptions) => send('GET /v1/adapters/{sha}', { path: { sha } }, options),
    /** The file's bytes as they arrive; check them against the adapter's record. */
    downloadAdapterFile: (sha: string, name: AdapterFileName, options?: CallOptions) =>
      send('GET /v1/adapters/{sha}/files/{name}', { path: { sha, name }, streams: true }, options, readBody),
  };
}
