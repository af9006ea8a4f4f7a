/** Calls of runners: batches under a lease, held-out examples, adapters. */
import type { z } from 'zod';
import type {
  AdapterFileName,
  AdapterList,
  AdapterRecord,
  AdapterRegistration,
  FileReceipt,
} from '../contracts/adapter.ts';
import type {
  Batch,
  Completion,
  CompletionResult,
  Dismissal,
  Failure,
  HeartbeatResult,
  HeldOut,
  Lease,
  LeaseRequest,
} from '../contracts/batch.ts';
import { type CallOptions, readBytes, readJson, type Send } from './request.ts';

const segment = encodeURIComponent;

/** null for an answer without a body: nothing to lease. */
async function readLease(response: Response): Promise<Lease | null> {
  return response.status === 204 ? null : readJson<Lease>(response);
}

export function train(send: Send) {
  return {
    /** null when no batch is ready. Not repeated by itself: a second lease would take a second batch. */
    leaseBatch: (json: z.input<typeof LeaseRequest>, options?: CallOptions) =>
      send({ method: 'POST', path: '/v1/batches/lease', json, ...options }, readLease),
    renewLease: (batch: string, fence: number, options?: CallOptions) =>
      send(
        {
          method: 'POST',
          path: `/v1/batches/${segment(batch)}/heartbeat`,
          json: { fence },
          repeatable: true,
          ...options,
        },
        readJson<HeartbeatResult>,
      ),
    /** The fence makes a repetition harmless: the first answer comes again. */
    completeBatch: (batch: string, json: z.input<typeof Completion>, options?: CallOptions) =>
      send(
        {
          method: 'POST',
          path: `/v1/batches/${segment(batch)}/complete`,
          json,
          repeatable: true,
          timeoutMs: 180_000,
          ...options,
        },
        readJson<CompletionResult>,
      ),
    failBatch: (batch: string, json: z.input<typeof Failure>, options?: CallOptions) =>
      send({ method: 'POST', path: `/v1/batches/${segment(batch)}/fail`, json, ...options }, readJson<Batch>),
    dismissBatch: (batch: string, json: z.input<typeof Dismissal>, options?: CallOptions) =>
      send({ method: 'POST', path: `/v1/batches/${segment(batch)}/dismiss`, json, ...options }, readJson<Batch>),
    requeueBatch: (batch: string, options?: CallOptions) =>
      send({ method: 'POST', path: `/v1/batches/${segment(batch)}/requeue`, json: {}, ...options }, readJson<Batch>),
    listBatches: (query: { domain?: string; state?: Batch['state'] } = {}, options?: CallOptions) =>
      send({ method: 'GET', path: '/v1/batches', query, ...options }, readJson<{ items: Batch[] }>),
    getBatch: (batch: string, options?: CallOptions) =>
      send({ method: 'GET', path: `/v1/batches/${segment(batch)}`, ...options }, readJson<Batch>),
    getHeldOut: (domain: string, limit?: number, options?: CallOptions) =>
      send(
        { method: 'GET', path: `/v1/domains/${segment(domain)}/held-out`, query: { limit }, ...options },
        readJson<HeldOut>,
      ),

    uploadAdapterFile: (
      sha256: string,
      name: AdapterFileName,
      bytes: Uint8Array<ArrayBuffer> | Blob,
      options?: CallOptions,
    ) =>
      send(
        { method: 'PUT', path: `/v1/adapters/files/${sha256}`, query: { name }, bytes, timeoutMs: 300_000, ...options },
        readJson<FileReceipt>,
      ),
    registerAdapter: (json: z.input<typeof AdapterRegistration>, options?: CallOptions) =>
      send({ method: 'POST', path: '/v1/adapters', json, repeatable: true, ...options }, readJson<AdapterRecord>),
    listAdapters: (domain?: string, options?: CallOptions) =>
      send({ method: 'GET', path: '/v1/adapters', query: { domain }, ...options }, readJson<AdapterList>),
    getAdapter: (sha: string, options?: CallOptions) =>
      send({ method: 'GET', path: `/v1/adapters/${segment(sha)}`, ...options }, readJson<AdapterRecord>),
    /** The file's bytes as they arrive; check them against the adapter's record. */
    downloadAdapterFile: (sha: string, name: AdapterFileName, options?: CallOptions) =>
      send({ method: 'GET', path: `/v1/adapters/${segment(sha)}/files/${name}`, ...options }, readBytes),
  };
}
