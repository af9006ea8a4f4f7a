/** Hashes of canonical JSON, and the ids made of them. Web Crypto only. */
import { canonicalJson } from './canonical-json.ts';
import { toHex } from './hex.ts';

const utf8 = new TextEncoder();

/** SHA-256 in lower-case hex, of a text's UTF-8 bytes or of bytes. */
export async function sha256Hex(data: string | Uint8Array<ArrayBuffer> | ArrayBuffer): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', typeof data === 'string' ? utf8.encode(data) : data);
  return toHex(digest);
}

/** Hash of a value as canonical JSON: the same id with another body hash is a conflict. */
export function bodyHash(value: unknown): Promise<string> {
  return sha256Hex(canonicalJson(value));
}

/** `h` + the first 40 hex digits of the body hash: the id of what has none of its own, the same at every import. */
export async function recordId(value: unknown): Promise<string> {
  return `h${(await bodyHash(value)).slice(0, 40)}`;
}
