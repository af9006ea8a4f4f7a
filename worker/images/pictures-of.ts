/** Which pictures a comparison is of. Pure. */
import type { Content } from '../../shared/contracts/candidate.ts';
import type { ComparisonKind } from '../../shared/contracts/comparison.ts';
import { ApiError } from '../access/api-error.ts';

/** Hashes of the pictures; none for texts. Throws ApiError `invalid_request` for pictures beside texts, and where steps are asked for. */
export function picturesOf(contents: readonly Content[], kind: ComparisonKind): string[] {
  const hashes = contents.flatMap((content) => (content.type === 'image' ? [content.sha256] : []));
  if (hashes.length === 0) return [];
  if (hashes.length < contents.length) {
    throw new ApiError('invalid_request', 'candidates: pictures are compared with pictures, texts with texts');
  }
  if (kind === 'steps') throw new ApiError('invalid_request', 'candidates: a picture has no steps to be marked');
  return hashes;
}
