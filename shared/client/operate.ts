/** Calls of operators: projects, keys, domains, what is served, how it goes. */
import type { z } from 'zod';
import type { AliasHistory, AliasMove, Promotion, Rollback } from '../contracts/adapter.ts';
import type { Domain, DomainInput, DomainPatch } from '../contracts/domain.ts';
import type { Key, KeyCreated, KeyInput, SigningKey, SigningKeyInput } from '../contracts/key.ts';
import type { Project, ProjectCreated, ProjectInput, ProjectPatch } from '../contracts/project.ts';
import type { RaterReport } from '../contracts/rater.ts';
import type { DomainStats, Health } from '../contracts/stats.ts';
import { type CallOptions, readJson, readNothing, type Send } from './request.ts';

const segment = encodeURIComponent;

export function operate(send: Send) {
  return {
    /** Needs the edge's root key. The answer shows the first admin key, once. */
    createProject: (json: z.input<typeof ProjectInput>, options?: CallOptions) =>
      send({ method: 'POST', path: '/v1/projects', json, ...options }, readJson<ProjectCreated>),
    getProject: (options?: CallOptions) => send({ method: 'GET', path: '/v1/project', ...options }, readJson<Project>),
    updateProject: (json: z.input<typeof ProjectPatch>, options?: CallOptions) =>
      send({ method: 'PATCH', path: '/v1/project', json, repeatable: true, ...options }, readJson<Project>),

    createKey: (json: z.input<typeof KeyInput>, options?: CallOptions) =>
      send({ method: 'POST', path: '/v1/keys', json, ...options }, readJson<KeyCreated>),
    listKeys: (options?: CallOptions) =>
      send({ method: 'GET', path: '/v1/keys', ...options }, readJson<{ items: Key[] }>),
    revokeKey: (id: string, options?: CallOptions) =>
      send({ method: 'DELETE', path: `/v1/keys/${segment(id)}`, repeatable: true, ...options }, readNothing),
    createSigningKey: (json: z.input<typeof SigningKeyInput>, options?: CallOptions) =>
      send({ method: 'POST', path: '/v1/signing-keys', json, ...options }, readJson<SigningKey>),
    listSigningKeys: (options?: CallOptions) =>
      send({ method: 'GET', path: '/v1/signing-keys', ...options }, readJson<{ items: SigningKey[] }>),
    revokeSigningKey: (kid: string, options?: CallOptions) =>
      send({ method: 'DELETE', path: `/v1/signing-keys/${segment(kid)}`, repeatable: true, ...options }, readNothing),

    createDomain: (json: z.input<typeof DomainInput>, options?: CallOptions) =>
      send({ method: 'POST', path: '/v1/domains', json, ...options }, readJson<Domain>),
    listDomains: (options?: CallOptions) =>
      send({ method: 'GET', path: '/v1/domains', ...options }, readJson<{ items: Domain[] }>),
    getDomain: (id: string, options?: CallOptions) =>
      send({ method: 'GET', path: `/v1/domains/${segment(id)}`, ...options }, readJson<Domain>),
    updateDomain: (id: string, json: z.input<typeof DomainPatch>, options?: CallOptions) =>
      send(
        { method: 'PATCH', path: `/v1/domains/${segment(id)}`, json, repeatable: true, ...options },
        readJson<Domain>,
      ),
    getStats: (domain: string, options?: CallOptions) =>
      send({ method: 'GET', path: `/v1/domains/${segment(domain)}/stats`, ...options }, readJson<DomainStats>),
    /** Whether people agree, whose votes say little, which models they prefer: over the newest 2,000 votes. */
    getRaters: (domain: string, options?: CallOptions) =>
      send({ method: 'GET', path: `/v1/domains/${segment(domain)}/raters`, ...options }, readJson<RaterReport>),

    /** Serves an adapter of the domain; the back end loads and probes it first, which may take its time. */
    promote: (domain: string, json: z.input<typeof Promotion>, options?: CallOptions) =>
      send(
        { method: 'POST', path: `/v1/domains/${segment(domain)}/promote`, json, timeoutMs: 180_000, ...options },
        readJson<AliasMove>,
      ),
    rollback: (domain: string, json: z.input<typeof Rollback> = {}, options?: CallOptions) =>
      send(
        { method: 'POST', path: `/v1/domains/${segment(domain)}/rollback`, json, timeoutMs: 180_000, ...options },
        readJson<AliasMove>,
      ),
    listMoves: (domain: string, options?: CallOptions) =>
      send({ method: 'GET', path: `/v1/domains/${segment(domain)}/moves`, ...options }, readJson<AliasHistory>),

    getHealth: (options?: CallOptions) => send({ method: 'GET', path: '/v1/health', ...options }, readJson<Health>),
  };
}
