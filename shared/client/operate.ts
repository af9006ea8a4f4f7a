/** Calls of operators: projects, keys, domains, what is served, how it goes. */
import { EdgeError } from './edge-error.ts';
import { readStates } from './events.ts';
import type { Body, CallOptions, Send } from './request.ts';
import { mayPass, sleepFor } from './retry.ts';
import type { DomainLive } from './wire.ts';

/** As the edge tells browsers to wait. */
const REOPEN_MS = 1000;

export function operate(send: Send) {
  return {
    /** Needs the edge's root key. The answer shows the first admin key, once. */
    createProject: (body: Body<'POST /v1/projects'>, options?: CallOptions) =>
      send('POST /v1/projects', { body }, options),
    getProject: (options?: CallOptions) => send('GET /v1/project', {}, options),
    updateProject: (body: Body<'PATCH /v1/project'>, options?: CallOptions) =>
      send('PATCH /v1/project', { body, repeatable: true }, options),

    /** Its text is in the answer, and never shown again. */
    createKey: (body: Body<'POST /v1/keys'>, options?: CallOptions) => send('POST /v1/keys', { body }, options),
    listKeys: (options?: CallOptions) => send('GET /v1/keys', {}, options),
    revokeKey: (id: string, options?: CallOptions) =>
      send('DELETE /v1/keys/{id}', { path: { id }, repeatable: true }, options),
    createSigningKey: (body: Body<'POST /v1/signing-keys'>, options?: CallOptions) =>
      send('POST /v1/signing-keys', { body }, options),
    listSigningKeys: (options?: CallOptions) => send('GET /v1/signing-keys', {}, options),
    revokeSigningKey: (kid: string, options?: CallOptions) =>
      send('DELETE /v1/signing-keys/{kid}', { path: { kid }, repeatable: true }, options),

    /** Asked again with the same settings, it answers the domain that is there. */
    createDomain: (body: Body<'POST /v1/domains'>, options?: CallOptions) =>
      send('POST /v1/domains', { body, repeatable: true }, options),
    listDomains: (options?: CallOptions) => send('GET /v1/domains', {}, options),
    getDomain: (domain: string, options?: CallOptions) =>
      send('GET /v1/domains/{domain}', { path: { domain } }, options),
    updateDomain: (domain: string, body: Body<'PATCH /v1/domains/{domain}'>, options?: CallOptions) =>
      send('PATCH /v1/domains/{domain}', { path: { domain }, body, repeatable: true }, options),
    getStats: (domain: string, options?: CallOptions) =>
      send('GET /v1/domains/{domain}/stats', { path: { domain } }, options),
    /** How it is, at once and whenever something changed, until the loop is left. A stream that ends or breaks off is opened again. */
    async *watchDomain(domain: string, options?: CallOptions): AsyncGenerator<DomainLive> {
      const parts = { path: { domain }, streams: true };
      for (;;) {
        const states = await send('GET /v1/domains/{domain}/events', parts, options, readStates);
        try {
          yield* states;
        } catch (error) {
          if (!(error instanceof EdgeError && mayPass(error))) throw error;
        }
        await sleepFor(REOPEN_MS, options?.signal);
      }
    },
    /** Whether people agree, whose votes say little, which models they prefer: over the newest 2,000 votes. */
    getRaters: (domain: string, options?: CallOptions) =>
      send('GET /v1/domains/{domain}/raters', { path: { domain } }, options),

    /** Serves an adapter of the domain; the back end loads and probes it first, which may take its time. */
    promote: (domain: string, body: Body<'POST /v1/domains/{domain}/promote'>, options?: CallOptions) =>
      send('POST /v1/domains/{domain}/promote', { path: { domain }, body, timeoutMs: 180_000 }, options),
    rollback: (domain: string, body: Body<'POST /v1/domains/{domain}/rollback'> = {}, options?: CallOptions) =>
      send('POST /v1/domains/{domain}/rollback', { path: { domain }, body, timeoutMs: 180_000 }, options),
    /** The newest `limit` moves of what is served, 100 without it. */
    listMoves: (domain: string, limit?: number, options?: CallOptions) =>
      send('GET /v1/domains/{domain}/moves', { path: { domain }, query: { limit } }, options),

    getHealth: (options?: CallOptions) => send('GET /v1/health', { open: true }, options),
  };
}
