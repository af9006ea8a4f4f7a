/** Calls about tastes: user encoders, and the embedding of a person. */
import type { z } from 'zod';
import type { AdapterFileName } from '../contracts/adapter.ts';
import type { Domain } from '../contracts/domain.ts';
import type { Embedding, EncoderInput, EncoderList, EncoderRecord } from '../contracts/encoder.ts';
import type { UserRoute } from '../contracts/route.ts';
import { type CallOptions, readBytes, readJson, type Send } from './request.ts';

const segment = encodeURIComponent;

export function taste(send: Send) {
  return {
    /** Its files go up first, as those of adapters do. The edge runs it once, which may take a moment. */
    registerEncoder: (json: z.input<typeof EncoderInput>, options?: CallOptions) =>
      send(
        { method: 'POST', path: '/v1/encoders', json, repeatable: true, timeoutMs: 60_000, ...options },
        readJson<EncoderRecord>,
      ),
    listEncoders: (domain?: string, options?: CallOptions) =>
      send({ method: 'GET', path: '/v1/encoders', query: { domain }, ...options }, readJson<EncoderList>),
    getEncoder: (sha: string, options?: CallOptions) =>
      send({ method: 'GET', path: `/v1/encoders/${segment(sha)}`, ...options }, readJson<EncoderRecord>),
    /** The file's bytes as they arrive; check them against the encoder's record. */
    downloadEncoderFile: (sha: string, name: AdapterFileName, options?: CallOptions) =>
      send({ method: 'GET', path: `/v1/encoders/${segment(sha)}/files/${name}`, ...options }, readBytes),
    /** null = the domain computes no tastes. */
    chooseEncoder: (domain: string, encoder: string | null, options?: CallOptions) =>
      send(
        {
          method: 'PUT',
          path: `/v1/domains/${segment(domain)}/encoder`,
          json: { encoder },
          repeatable: true,
          ...options,
        },
        readJson<Domain>,
      ),
    /** With the user's own token, or an admin key. */
    getEmbedding: (user: string, domain: string, options?: CallOptions) =>
      send(
        { method: 'GET', path: `/v1/users/${segment(user)}/embedding`, query: { domain }, ...options },
        readJson<Embedding>,
      ),
    /** What answers the user who asks, and why. With the user's own token, or an admin key. */
    getRoute: (user: string, domain: string, options?: CallOptions) =>
      send(
        { method: 'GET', path: `/v1/users/${segment(user)}/route`, query: { domain }, ...options },
        readJson<UserRoute>,
      ),
  };
}
