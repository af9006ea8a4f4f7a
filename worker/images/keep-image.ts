/** Takes a picture in: sniffed and hashed first; then its bytes are stored, then its row. */
import type { Context } from 'hono';
import { type Image, MAX_IMAGE_BYTES, MAX_PIXELS } from '../../shared/contracts/image.ts';
import { toHex } from '../../shared/math/hex.ts';
import { ApiError } from '../access/api-error.ts';
import type { Env } from '../env.ts';
import { addImage } from '../store/images.ts';
import { sniffImage } from './sniff.ts';

/** Where the bytes of a picture lie. */
export function imageKey(project: string, sha256: string): string {
  return `images/${project}/${sha256}`;
}

/**
 * What a picture is, before anything is kept of it. Throws ApiError: `too_large` (bytes or pixels), `image_invalid`,
 * `hash_mismatch` for bytes of another hash than `expected`.
 */
export async function checkImage(bytes: Uint8Array<ArrayBuffer>, expected: string | null = null): Promise<Image> {
  if (bytes.length > MAX_IMAGE_BYTES) tooLarge();
  const sniffed = sniffImage(bytes);
  if (!sniffed) throw new ApiError('image_invalid', 'The bytes are no PNG, JPEG or WebP picture.');
  if (sniffed.width * sniffed.height > MAX_PIXELS) {
    const { width, height } = sniffed;
    throw new ApiError('too_large', `The picture has ${width} × ${height} pixels; ${MAX_PIXELS / 1e6} million fit.`);
  }
  const sha256 = toHex(await crypto.subtle.digest('SHA-256', bytes));
  if (expected !== null && expected !== sha256) {
    throw new ApiError('hash_mismatch', `The picture does not have the hash ${expected}: it has ${sha256}.`);
  }
  return { sha256, ...sniffed, bytes: bytes.length };
}

/** Keeps a picture that has been checked. */
export async function keepImage(c: Context<Env>, bytes: Uint8Array<ArrayBuffer>, image: Image): Promise<void> {
  const { sha256 } = image;
  const project = c.var.project.id;
  await c.env.FILES.put(imageKey(project, sha256), bytes, { sha256 });
  await addImage(c.var.db, project, image, c.var.now());
}

export function tooLarge(): never {
  throw new ApiError('too_large', `A picture may have ${MAX_IMAGE_BYTES / 1e6} MB at most.`);
}
