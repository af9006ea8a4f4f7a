/** The name of an adapter: the SHA-256 of the list of its files, as `sha256sum` would print it. */
import { sha256Hex } from '../../shared/math/record-id.ts';

export function manifestText(files: readonly { name: string; sha256: string }[]): string {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
}

/** Lower-case hex. */
export function manifestSha(files: readonly { name: string; sha256: string }[]): Promise<string> {
  return sha256Hex(manifestText(files));
}
