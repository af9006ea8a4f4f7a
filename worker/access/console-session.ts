/**
 * The console's session: a cookie that no script reads. Its value is a JWT under a key that is derived from the
 * project's secret for this purpose alone; it names project, key and end, and is never the key itself.
 */
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { CookieOptions } from 'hono/utils/cookie';
import { decodeJwt, errors, jwtVerify, SignJWT } from 'jose';
import type { ConsoleSession } from '../../shared/contracts/console.ts';
import type { Env } from '../env.ts';
import type { Database } from '../store/database.ts';
import { findKey, type KeyRow } from '../store/keys.ts';
import type { ProjectRow } from '../store/projects.ts';
import { ApiError } from './api-error.ts';
import { derivedKey } from './derived-key.ts';
import { ownOrigin } from './own-origin.ts';

export const SESSION_SECONDS = 12 * 3600;
const NAME = 'prefloop-console';

type Cookie = { prefix?: 'host'; options: CookieOptions };

export type OpenSession = { key: KeyRow; project: ProjectRow; expiresAt: number };

/** Over https the name binds it to this very host; over plain http, on one's own machine, browsers refuse such a name. */
function cookieHere(c: Context<Env>): Cookie {
  const options: CookieOptions = { path: '/', httpOnly: true, sameSite: 'Strict' };
  if (ownOrigin(c).startsWith('https:'))
    return { prefix: 'host', options: { ...options, secure: true, prefix: 'host' } };
  return { options };
}

export function readSessionCookie(c: Context<Env>): string | undefined {
  return getCookie(c, NAME, cookieHere(c).prefix) || undefined;
}

/** Sets the cookie of a session that starts now. */
export async function openSession(c: Context<Env>, key: KeyRow, project: ProjectRow): Promise<OpenSession> {
  const ends = Math.floor(c.var.now() / 1000) + SESSION_SECONDS;
  const value = await new SignJWT()
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setAudience(project.id)
    .setSubject(key.id)
    .setExpirationTime(ends)
    .sign(await derivedKey(project.secret, 'console'));
  setCookie(c, NAME, value, { ...cookieHere(c).options, maxAge: SESSION_SECONDS });
  return { key, project, expiresAt: ends * 1000 };
}

export function clearSession(c: Context<Env>): void {
  deleteCookie(c, NAME, cookieHere(c).options);
}

/** The key and the project that the cookie's value names, both as they are now. Throws ApiError `unauthorized`. */
export async function verifySession(db: Database, value: string, now: number): Promise<OpenSession> {
  const { aud, sub } = readClaims(value);
  const row = await findKey(db, sub);
  // A key that was revoked ends its sessions: findKey does not find it.
  if (!row || row.project.id !== aud || row.key.kind !== 'secret') throw ended();
  try {
    const { payload } = await jwtVerify(value, await derivedKey(row.project.secret, 'console'), {
      algorithms: ['HS256'],
      audience: aud,
      subject: sub,
      requiredClaims: ['exp'],
      currentDate: new Date(now),
    });
    return { ...row, expiresAt: (payload.exp ?? 0) * 1000 };
  } catch (error) {
    if (error instanceof errors.JOSEError) throw ended();
    throw error;
  }
}

export function asConsoleSession({ key, project, expiresAt }: OpenSession): ConsoleSession {
  return { project: { id: project.id, name: project.name }, key: key.id, expiresAt };
}

/**
 * What a browser sends by itself proves nothing about the page that made it send: only this edge's own pages may use
 * the cookie. Throws ApiError `origin_not_allowed`.
 */
export function requireOwnPage(c: Context<Env>): void {
  const origin = c.req.header('origin');
  const reads = c.req.method === 'GET' || c.req.method === 'HEAD';
  const site = c.req.header('sec-fetch-site') ?? 'none';
  const foreign = origin === undefined ? !reads : origin !== ownOrigin(c);
  if (foreign || (site !== 'same-origin' && site !== 'none')) {
    throw new ApiError('origin_not_allowed', 'The console’s session works only from this edge’s own pages.');
  }
}

function readClaims(value: string): { aud: string; sub: string } {
  try {
    const { aud, sub } = decodeJwt(value);
    if (typeof aud === 'string' && typeof sub === 'string') return { aud, sub };
  } catch {
    // Not a JWT: the same answer.
  }
  throw ended();
}

function ended(): ApiError {
  return new ApiError('unauthorized', 'The console’s session has ended: sign in again.');
}
