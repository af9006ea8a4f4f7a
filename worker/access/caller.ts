/** Who calls: decided once per request from the bearer, then asked by the routes. */
import type { Context } from 'hono';
import type { Scope, UserScope } from '../../shared/contracts/key.ts';
import type { Env } from '../env.ts';
import { ApiError } from './api-error.ts';

export type Caller =
  | { kind: 'root' }
  | { kind: 'secret'; key: string; scopes: Scope[] }
  | { kind: 'public'; key: string }
  | { kind: 'user'; user: string; scopes: UserScope[]; kid: string };

type SecretCaller = Extract<Caller, { kind: 'secret' }>;

/** A secret key with one of the scopes; `admin` has them all; no scope named = any secret key. */
export function requireSecret(c: Context<Env>, ...scopes: Scope[]): SecretCaller {
  const caller = c.var.caller;
  if (caller.kind === 'secret' && (scopes.length === 0 || hasScope(caller, ...scopes))) return caller;
  const wanted = scopes.length === 0 ? 'a secret key' : `a secret key with the scope ${scopes.join(' or ')}`;
  throw new ApiError('forbidden', `This needs ${wanted}.`);
}

/** Who may be dealt comparisons and vote: a user token with `collect`, a public key, a secret key with `ingest`. */
export function requireCollector(c: Context<Env>): Exclude<Caller, { kind: 'root' }> {
  const caller = c.var.caller;
  if (caller.kind === 'public') return caller;
  if (caller.kind === 'user' && caller.scopes.includes('collect')) return caller;
  if (caller.kind === 'secret' && hasScope(caller, 'ingest')) return caller;
  throw new ApiError(
    'forbidden',
    'This needs a user token with the scope collect, a public key, or a secret key with the scope ingest.',
  );
}

/** Who may ask for answers: a user token with `infer`, or a secret key with `infer`. */
export function requireInferrer(c: Context<Env>): Exclude<Caller, { kind: 'root' | 'public' }> {
  const caller = c.var.caller;
  if (caller.kind === 'user' && caller.scopes.includes('infer')) return caller;
  if (caller.kind === 'secret' && hasScope(caller, 'infer')) return caller;
  throw new ApiError('forbidden', 'This needs a user token or a secret key with the scope infer.');
}

/** What says much of a person: shown to them, by a token of their own, and to an admin key. `what` begins the refusal. */
export function requireOwner(c: Context<Env>, user: string, what: string): void {
  const { caller } = c.var;
  if (caller.kind === 'user' && caller.user === user) return;
  if (caller.kind === 'secret' && hasScope(caller)) return;
  throw new ApiError('forbidden', `${what} is shown to its owner, by a user token, and to an admin key.`);
}

export function requireRoot(c: Context<Env>): void {
  if (c.var.caller.kind !== 'root') throw new ApiError('forbidden', 'This needs the root key of the edge.');
}

/** True when the key has one of the scopes, or `admin`. */
export function hasScope(caller: SecretCaller, ...scopes: Scope[]): boolean {
  return caller.scopes.includes('admin') || scopes.some((scope) => caller.scopes.includes(scope));
}
