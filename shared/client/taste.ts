/** Calls about tastes: user encoders, and the embedding of a person. */
import { readBody } from './answer.ts';
import type { Body, CallOptions, Send } from './request.ts';
import type { AdapterFileName } from './wire.ts';

export function taste(send: Send) {
  return {
    /** Its files go up first, as those of adapters do. The edge runs it once, which may take a moment. */
    registerEncoder: (body: Body<'POST /v1/encoders'>, options?: CallOptions) =>
      send('POST /v1/encoders', { body, repeatable: true, timeoutMs: 60_000 }, options),
    /** Newest first, of one domain or of all: `limit` of them, 20 without it. */
    listEncoders: (domain?: string, limit?: number, options?: CallOptions) =>
      send('GET /v1/encoders', { query: { domain, limit } }, options),
    getEncoder: (sha: string, options?: CallOptions) => send('GET /v1/encoders/{sha}', { path: { sha } }, options),
    /** The file's bytes as they arrive; check them against the encoder's record. */
    downloadEncoderFile: (sha: string, name: AdapterFileName, options?: CallOptions) =>
      send('GET /v1/encoders/{sha}/files/{name}', { path: { sha, name }, streams: true }, options, readBody),
    /** null = the domain computes no tastes. */
    chooseEncoder: (domain: string, encoder: string | null, options?: CallOptions) =>
      send('PUT /v1/domains/{domain}/encoder', { path: { domain }, body: { encoder } }, options),
    /** With the user's own token, or an admin key. */
    getEmbedding: (user: string, domain: string, options?: CallOptions) =>
      send('GET /v1/users/{user}/embedding', { path: { user }, query: { domain } }, options),
    /** What answers the user who asks, and why. With the user's own token, or an admin key. */
    getRoute: (user: string, domain: string, options?: CallOptions) =>
      send('GET /v1/users/{user}/route', { path: { user }, query: { domain } }, options),
  };
}
