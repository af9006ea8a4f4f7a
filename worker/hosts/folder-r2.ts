/**
 * An R2 bucket over a folder: every object is a file that appears whole or not at all (written beside, synced, then
 * renamed). What the edge uses of R2, and nothing more: put with an optional sha256, get with a range, head, delete.
 */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { R2Bucket } from '@cloudflare/workers-types';

type Body = ReadableStream<Uint8Array> | ArrayBuffer | ArrayBufferView | string | Blob | null;
type Range = { offset?: number; length?: number; suffix?: number };

/** Makes the folder where it is missing; throws when it cannot be written to. */
export async function openFolderR2(folder: string): Promise<R2Bucket> {
  await mkdir(join(folder, 'incoming'), { recursive: true });
  await access(folder, constants.R_OK | constants.W_OK);
  return new FolderR2(folder) as unknown as R2Bucket;
}

class FolderR2 {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The object once its bytes are on disk. A sha256 that differs throws, and nothing is kept. */
  async put(key: string, value: Body, options: { sha256?: string | ArrayBuffer } = {}) {
    const path = this.#path(key);
    const incoming = join(this.#folder, 'incoming', crypto.randomUUID());
    try {
      const digest = await writeSynced(incoming, value);
      const wanted = options.sha256;
      if (
        wanted !== undefined &&
        digest !== (typeof wanted === 'string' ? wanted : Buffer.from(wanted).toString('hex'))
      ) {
        throw new Error(`put: The SHA-256 checksum you specified did not match what we received.`);
      }
      await mkdir(dirname(path), { recursive: true });
      await rename(incoming, path);
      await syncFolder(dirname(path));
    } finally {
      await rm(incoming, { force: true });
    }
    return this.head(key);
  }

  async head(key: string) {
    try {
      const { size, mtime, mtimeMs } = await stat(this.#path(key));
      const etag = `${size.toString(16)}-${Math.trunc(mtimeMs).toString(16)}`;
      return {
        key,
        size,
        uploaded: mtime,
        etag,
        httpEtag: `"${etag}"`,
        version: etag,
        customMetadata: {},
        httpMetadata: {},
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  async get(key: string, options: { range?: Range } = {}) {
    const object = await this.head(key);
    if (!object) return null;
    const { start, end } = bounds(options.range ?? {}, object.size);
    const empty = end < start;
    const read = () =>
      empty
        ? new Response('').body
        : (Readable.toWeb(createReadStream(this.#path(key), { start, end })) as ReadableStream<Uint8Array>);
    let response: Response | undefined;
    const body = () => (response ??= new Response(read()));
    return {
      ...object,
      range: { offset: start, length: end - start + 1 },
      get body() {
        return body().body;
      },
      get bodyUsed() {
        return response?.bodyUsed ?? false;
      },
      arrayBuffer: () => body().arrayBuffer(),
      bytes: async () => new Uint8Array(await body().arrayBuffer()),
      text: () => body().text(),
      json: () => body().json(),
      blob: () => body().blob(),
    };
  }

  async delete(keys: string | string[]): Promise<void> {
    for (const key of [keys].flat()) await rm(this.#path(key), { force: true });
  }

  /** A key's parts are folders (with a +, which no name has) and a file; what is no plain name is escaped. */
  #path(key: string): string {
    const names = key.split('/').map((name) => (/^\.*$/.test(name) ? `%2E${name.length}` : encodeURIComponent(name)));
    return join(this.#folder, 'objects', ...names.slice(0, -1).map((name) => `${name}+`), names.at(-1) ?? '');
  }
}

/** Writes and syncs a file; its SHA-256 in hex. */
async function writeSynced(path: string, value: Body): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'wx');
  try {
    for await (const chunk of chunks(value)) {
      hash.update(chunk);
      await file.write(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

async function* chunks(value: Body): AsyncGenerator<Uint8Array> {
  if (value === null) return;
  if (ArrayBuffer.isView(value)) yield new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  else if (value instanceof ArrayBuffer) yield new Uint8Array(value);
  else if (typeof value === 'string') yield new TextEncoder().encode(value);
  else yield* (value instanceof Blob ? value.stream() : value) as unknown as AsyncIterable<Uint8Array>;
}

// A rename is durable once its folder is.
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function bounds(range: Range, size: number): { start: number; end: number } {
  if (range.suffix !== undefined) return { start: Math.max(0, size - range.suffix), end: size - 1 };
  const start = range.offset ?? 0;
  return { start, end: Math.min(size, start + (range.length ?? size)) - 1 };
}
