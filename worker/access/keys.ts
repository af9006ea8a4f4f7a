/** Keys as text: `sk_ID_SECRET` and `pk_ID_SECRET`, 16 characters of id and 32 random bytes. */
import type { KeyInput } from '../../shared/contracts/key.ts';
import { toHex } from '../../shared/math/hex.ts';
import { sha256Text } from '../../shared/math/sha256.ts';
import type { KeyRow } from '../store/keys.ts';

const FORM = /^(sk|pk)_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

/** The key's id, or null when the text is no key at all. */
export function keyId(text: string): string | null {
  return FORM.exec(text)?.[2] ?? null;
}

/** A new key: the row to store (with the hash of the text) and the text, which is shown once. */
export function makeKey(project: string, input: KeyInput, now: number): { row: KeyRow; text: string } {
  const id = toHex(crypto.getRandomValues(new Uint8Array(8)));
  const text = `${input.kind === 'secret' ? 'sk' : 'pk'}_${id}_${randomSecret()}`;
  const { kind, name, scopes } = input;
  const row = {
    id,
    project,
    kind,
    name,
    scopes: [...new Set(scopes)],
    hash: sha256Text(text),
    createdAt: now,
    revokedAt: null,
  };
  return { row, text };
}

/** 32 random bytes, base64url. */
export function randomSecret(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}

/** Compares two hex digests in the time that their length takes. */
export function sameDigest(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
