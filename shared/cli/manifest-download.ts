/** Downloads the files of an adapter or an encoder and checks every byte: each by its hash, all by their manifest's. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AdapterFile } from '../contracts/adapter.ts';

export interface Manifest {
  sha: string;
  files: AdapterFile[];
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** SHA-256 of the manifest: a line "SHA256  NAME\n" per file, sorted by name. */
function hashManifest({ files }: Manifest): string {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  return createHash('sha256')
    .update(sorted.map(({ sha256, name }) => `${sha256}  ${name}\n`).join(''))
    .digest('hex');
}

/** Writes the files into `folder`; a file is there whole and right, or not at all. `onBytes` hears of every piece. */
export async function downloadManifest(
  manifest: Manifest,
  folder: string,
  open: (name: AdapterFile['name']) => Promise<ReadableStream<Uint8Array>>,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<void> {
  if (hashManifest(manifest) !== manifest.sha)
    throw new Error(`the files the edge lists are not those of ${manifest.sha}`);
  await mkdir(folder, { recursive: true });
  for (const { name, sha256 } of manifest.files) {
    const [path, partial] = [join(folder, name), join(folder, `${name}.partial`)];
    try {
      const pieces = Readable.fromWeb((await open(name)) as Parameters<typeof Readable.fromWeb>[0]);
      pieces.on('data', (piece: Uint8Array) => onBytes(piece.length));
      await pipeline(pieces, createWriteStream(partial));
      const found = await hashFile(partial);
      if (found !== sha256) throw new Error(`${name} arrived damaged: its hash is ${found}, not ${sha256}`);
      await rename(partial, path);
    } finally {
      await rm(partial, { force: true });
    }
  }
}
