/** Who calls, for which project, from which page: one look-up per bearer or session and few seconds. */
import type { Context, MiddlewareHandler } from 'hono';
import { sha256Text } from '../../shared/math/sha256.ts';
import type { Env } from '../env.ts';
import { findKey } from '../store/keys.ts';
import type { ProjectRow } from '../store/projects.ts';
import { ApiError } from './api-error.ts';
import type { Caller } from './caller.ts';
import { readSessionCookie, requireOwnPage, verifySession } from './console-session.ts';
import { keyId, sameDigest } from './keys.ts';
import { ownOrigin } from './own-origin.ts';
import { verifyUserToken } from './user-token.ts';

/** How long an answer is remembered: a revoked key or a changed origin list takes effect at most this much later. */
export const REMEMBERED_MS = 5000;
const MOST = 10_000;

type Identity = { caller: Caller; project: ProjectRow | null; until: number };

// Per database, because one process may serve several (tests do). Keyed by digest: no bearer stays in memory.
const remembered = new WeakMap<object, Map<string, Identity>>();

/** Sets `caller` and `project`, or refuses. Answers carry CORS headers only for the project's own origins. */
export const authenticate: MiddlewareHandler<Env> = async (c, next) => {
  const bearer = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
  const cookie = bearer ? undefined : readSessionCookie(c);
  if (!bearer && !cookie) throw new ApiError('unauthorized', 'Send a key or a user token: Authorization: Bearer …');
  const identity = cookie ? await identifySession(c, cookie) : await identify(c, bearer ?? '');
  c.set('caller', identity.caller);
  if (identity.project) {
    if (!cookie) admitOrigin(c, identity.project, identity.caller.kind);
    c.set('project', identity.project);
  }
  // The root key opens one door, and that door needs no project.
  else if (c.req.path !== '/v1/projects') throw new ApiError('forbidden', 'The root key only creates projects.');
  await next();
};

/** Forgets every answer of this database in this process: called where keys or origins change. */
export function forgetIdentities(c: Context<Env>): void {
  remembered.get(c.env.DB)?.clear();
}

function identify(c: Context<Env>, bearer: string): Promise<Identity> {
  const isSecret = bearer.startsWith('sk_');
  if (isSecret && c.req.header('origin') !== undefined) {
    throw new ApiError(
      'key_in_browser',
      'A secret key must not be used in a browser: revoke it, and use user tokens there.',
    );
  }
  return recall(c, bearer, (digest, now) => lookUp(c, bearer, digest, now));
}

/** The console's cookie stands for its key, on this edge's own pages: its answers never carry CORS headers. */
function identifySession(c: Context<Env>, cookie: string): Promise<Identity> {
  requireOwnPage(c);
  return recall(c, `cookie ${cookie}`, async (_, now) => {
    const { key, project, expiresAt } = await verifySession(c.var.db, cookie, now);
    const caller: Caller = { kind: 'secret', key: key.id, scopes: key.scopes };
    return { caller, project, until: Math.min(now + REMEMBERED_MS, expiresAt) };
  });
}

async function recall(
  c: Context<Env>,
  proof: string,
  ask: (digest: string, now: number) => Promise<Identity>,
): Promise<Identity> {
  const known = remembered.get(c.env.DB) ?? new Map<string, Identity>();
  remembered.set(c.env.DB, known);
  const digest = sha256Text(proof);
  const now = c.var.now();
  const hit = known.get(digest);
  if (hit && now < hit.until) return hit;
  const identity = await ask(digest, now);
  if (known.size >= MOST) known.clear();
  known.set(digest, identity);
  return identity;
}

async function lookUp(c: Context<Env>, bearer: string, digest: string, now: number): Promise<Identity> {
  const until = now + REMEMBERED_MS;
  const id = keyId(bearer);
  if (id !== null) {
    const row = await findKey(c.var.db, id);
    if (!row || !sameDigest(row.key.hash, digest))
      throw new ApiError('unauthorized', 'This key is not known, or it was revoked.');
    const { kind, scopes } = row.key;
    const caller: Caller = kind === 'secret' ? { kind, key: id, scopes } : { kind, key: id };
    return { caller, project: row.project, until };
  }
  if (c.env.ROOT_KEY && sameDigest(sha256Text(c.env.ROOT_KEY), digest))
    return { caller: { kind: 'root' }, project: null, until };
  if (bearer.split('.').length !== 3) throw new ApiError('unauthorized', 'This is neither a key nor a user token.');
  const verified = await verifyUserToken(c.var.db, bearer, now, (project) => admitOrigin(c, project, 'user'));
  return { ...verified, until: Math.min(until, verified.expiresAt) };
}

/** A page must be on the project's list; the edge's own pages may use user tokens as well. */
function admitOrigin(c: Context<Env>, project: ProjectRow, kind: Caller['kind']): void {
  const origin = c.req.header('origin');
  if (origin === undefined) {
    if (kind === 'public')
      throw new ApiError('origin_not_allowed', 'A public key works only from a page of a listed origin.');
    return;
  }
  const own = kind === 'user' && origin === ownOrigin(c);
  if (!own && !project.allowedOrigins.includes(origin)) {
    throw new ApiError('origin_not_allowed', `The origin ${origin} is not on the project’s list.`);
  }
  c.set('allowedOrigin', origin);
}
