/** Keys for one purpose each, derived from the project's secret: a token of one kind can never pass for another. */

const utf8 = new TextEncoder();
const imported = new Map<string, Promise<CryptoKey>>();
const MOST = 1000;

type Purpose = 'assignment' | 'user-token' | 'user-key' | 'console';

/** HMAC-SHA256 key = HMAC-SHA256(secret, purpose). Remembered: the import costs more than the signature. */
export function derivedKey(secret: string, purpose: Purpose): Promise<CryptoKey> {
  const name = `${purpose} ${secret}`;
  let key = imported.get(name);
  if (!key) {
    if (imported.size >= MOST) imported.clear();
    key = derive(secret, purpose);
    imported.set(name, key);
  }
  return key;
}

async function derive(secret: string, purpose: Purpose): Promise<CryptoKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const root = await crypto.subtle.importKey('raw', utf8.encode(secret), algorithm, false, ['sign']);
  const bytes = await crypto.subtle.sign('HMAC', root, utf8.encode(`prefloop ${purpose} v1`));
  return crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign', 'verify']);
}
