/** User tokens: short JWTs, signed by the customer's server (a registered key) or minted here (kid "edge"). */
import { decodeJwt, decodeProtectedHeader, errors, importJWK, jwtVerify, SignJWT } from 'jose';
import { Slug, UserId } from '../../shared/contracts/ids.ts';
import { UserScope, type UserTokenInput } from '../../shared/contracts/key.ts';
import type { Database } from '../store/database.ts';
import { findProject, type ProjectRow } from '../store/projects.ts';
import { findSigningKey, type SigningKeyRow } from '../store/signing-keys.ts';
import { ApiError } from './api-error.ts';
import type { Caller } from './caller.ts';
import { derivedKey } from './derived-key.ts';

export const EDGE_KID = 'edge';
/** Longest life of a token, and how far two servers' clocks may differ, in seconds. */
const LONGEST = 3600;
const SKEW = 30;

const utf8 = new TextEncoder();

/** Signs a token for `input.user`; `expiresAt` is in milliseconds. */
export async function mintUserToken(project: ProjectRow, input: UserTokenInput & { scopes: UserScope[] }, now: number) {
  const issued = Math.floor(now / 1000);
  const token = await new SignJWT({ scope: input.scopes.join(' ') })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: EDGE_KID })
    .setAudience(project.id)
    .setSubject(input.user)
    .setIssuedAt(issued)
    .setExpirationTime(issued + input.expiresInSeconds)
    .sign(await derivedKey(project.secret, 'user-token'));
  return { token, expiresAt: (issued + input.expiresInSeconds) * 1000 };
}

export type VerifiedUser = { caller: Extract<Caller, { kind: 'user' }>; project: ProjectRow; expiresAt: number };

/**
 * The token's user and project. The audience names the project, `kid` the key; the algorithm is the key's, never the
 * token's. `onProject` hears of the project before the signature is checked, so that a refusal can name the origin.
 */
export async function verifyUserToken(
  db: Database,
  token: string,
  now: number,
  onProject: (project: ProjectRow) => void,
): Promise<VerifiedUser> {
  const { audience, kid } = readClaims(token);
  const signer = await findSigner(db, audience, kid);
  if (!signer) throw invalidToken('its audience or its kid is not known');
  onProject(signer.project);
  try {
    const { payload } = await jwtVerify(token, signer.key, {
      algorithms: [signer.algorithm],
      audience,
      requiredClaims: ['exp', 'sub'],
      currentDate: new Date(now),
      clockTolerance: SKEW,
    });
    const expires = payload.exp ?? 0;
    if (expires > now / 1000 + LONGEST + SKEW) throw invalidToken('it lives longer than an hour');
    if (!UserId.safeParse(payload.sub).success) throw invalidToken('its subject is no user id');
    const scopes = typeof payload.scope === 'string' ? payload.scope.split(' ').filter(isUserScope) : [];
    const caller = { kind: 'user' as const, user: payload.sub ?? '', scopes, kid };
    return { caller, project: signer.project, expiresAt: expires * 1000 };
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (error instanceof errors.JWTExpired)
      throw new ApiError('token_expired', 'The user token has expired: get a new one.');
    throw invalidToken(error instanceof errors.JOSEError ? error.message : 'its signature does not verify');
  }
}

/** Throws `invalid_request` when the material of a new signing key is not usable. */
export async function checkSigningKey(row: SigningKeyRow): Promise<void> {
  try {
    await importSigningKey(row);
  } catch {
    throw new ApiError('invalid_request', 'publicKey: must be the base64url of the 32 bytes of an Ed25519 public key');
  }
}

const isUserScope = (scope: string): scope is UserScope => UserScope.safeParse(scope).success;

function invalidToken(why: string): ApiError {
  return new ApiError('token_invalid', `The user token is not valid: ${why}.`);
}

function readClaims(token: string): { audience: string; kid: string } {
  try {
    const { kid } = decodeProtectedHeader(token);
    const { aud } = decodeJwt(token);
    const audience = Slug.safeParse(Array.isArray(aud) && aud.length === 1 ? aud[0] : aud);
    if (audience.success && typeof kid === 'string') return { audience: audience.data, kid };
  } catch {
    // Not a JWT: the same answer.
  }
  throw invalidToken('it needs a kid in its header and the project as its audience');
}

async function findSigner(db: Database, audience: string, kid: string) {
  if (kid === EDGE_KID) {
    const project = await findProject(db, audience);
    return project && { project, algorithm: 'HS256', key: await derivedKey(project.secret, 'user-token') };
  }
  const row = await findSigningKey(db, audience, kid);
  return (
    row && { project: row.project, algorithm: row.signingKey.algorithm, key: await importSigningKey(row.signingKey) }
  );
}

async function importSigningKey(row: SigningKeyRow) {
  if (row.algorithm === 'HS256') return utf8.encode(row.material);
  return importJWK({ kty: 'OKP', crv: 'Ed25519', x: row.material }, 'EdDSA');
}
