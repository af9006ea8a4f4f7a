/** A key that opens the console, told from one that does not; guesses at one key are counted. */
import type { Context } from 'hono';
import { sha256Text } from '../../shared/math/sha256.ts';
import type { Env } from '../env.ts';
import { findKey, type KeyRow } from '../store/keys.ts';
import type { ProjectRow } from '../store/projects.ts';
import { ApiError } from './api-error.ts';
import { keyId, sameDigest } from './keys.ts';

const TRIES = 10;
const WINDOW_MS = 60_000;
const MOST = 10_000;

type Tries = Map<string, { wrong: number; until: number }>;

// Per database and process, and by the id that a try names: tries at one key leave the others alone.
const counted = new WeakMap<object, Tries>();

/**
 * The admin key that `text` is, with its project. Throws ApiError `unauthorized` (no such key, or revoked), `forbidden`
 * (no admin key) or `too_many_tries` (ten wrong ones in a minute under one key's id).
 */
export async function admitKey(c: Context<Env>, text: string): Promise<{ key: KeyRow; project: ProjectRow }> {
  const id = keyId(text);
  if (id === null) throw new ApiError('unauthorized', 'This is not a key: a secret key begins with sk_.');
  const tries = counted.get(c.env.DB) ?? new Map();
  counted.set(c.env.DB, tries);
  const now = c.var.now();
  const before = tries.get(id);
  const wrong = before && now < before.until ? before.wrong : 0;
  if (before && wrong >= TRIES) {
    c.header('retry-after', String(Math.ceil((before.until - now) / 1000)));
    throw new ApiError('too_many_tries', 'Too many wrong tries at this key: wait a minute.');
  }
  const row = await findKey(c.var.db, id);
  if (!row || !sameDigest(row.key.hash, sha256Text(text))) {
    if (tries.size >= MOST) tries.clear();
    tries.set(id, { wrong: wrong + 1, until: wrong > 0 && before ? before.until : now + WINDOW_MS });
    throw new ApiError('unauthorized', 'This key is not known, or it was revoked.');
  }
  if (row.key.kind !== 'secret' || !row.key.scopes.includes('admin')) {
    throw new ApiError('forbidden', 'The console needs a secret key with the scope admin.');
  }
  return row;
}
