/** Downloads an adapter's files and checks every byte: each file by its hash, the adapter by its manifest's. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from '../client/client.ts';
import type { AdapterRecord } from '../contracts/adapter.ts';

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** SHA-256 of the manifest: a line "SHA256  NAME\n" per file, sorted by name. */
function hashManifest(adapter: AdapterRecord): string {
  const files = [...adapter.files].sort((a, b) => (a.name < b.name ? -1 : 1));
  const manifest = files.map(({ sha256, name }) => `${sha256}  ${name}\n`).join('');
  return createHash('sha256').update(manifest).digest('hex');
}

/** Writes the files into `folder`; a file is there whole and right, or not at all. */
export async function downloadAdapter(
  client: Pick<Client, 'downloadAdapterFile'>,
  adapter: AdapterRecord,
  folder: string,
  onFile: (name: string) => void,
): Promise<void> {
  if (hashManifest(adapter) !== adapter.sha)
    throw new Error(`the files the edge lists are not those of adapter ${adapter.sha}`);
  await mkdir(folder, { recursive: true });
  for (const { name, sha256 } of adapter.files) {
    const [path, partial] = [join(folder, name), join(folder, `${name}.partial`)];
    try {
      const body = await client.downloadAdapterFile(adapter.sha, name, { timeoutMs: 120_000 });
      await pipeline(Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]), createWriteStream(partial));
      const found = await hashFile(partial);
      if (found !== sha256) throw new Error(`${name} arrived damaged: its hash is ${found}, not ${sha256}`);
      await rename(partial, path);
    } finally {
      await rm(partial, { force: true });
    }
    onFile(name);
  }
}
