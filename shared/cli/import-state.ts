/** How far an import has come, kept beside the file, so that the next one can go on where this one was stopped. */
import { createHash } from 'node:crypto';
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { ImportCounts } from './import-preferences.ts';
import type { Position } from './lines.ts';

export interface ImportState {
  /** What is imported, how and where to: a state continues only the very same import. */
  identity: string;
  position: Position;
  counts: ImportCounts;
  /** Bytes of the report on rejected rows that belong to everything before `position`. */
  rejectsBytes: number;
}

/** A hash of the import's settings and of the file's first 64 KiB; a file that only grew is the same file. */
export async function identifyImport(file: string, settings: Record<string, unknown>): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(65_536), 0, 65_536, 0);
    const start = buffer.subarray(0, buffer.lastIndexOf(0x0a, bytesRead - 1) + 1);
    return createHash('sha256').update(JSON.stringify(settings)).update(start).digest('hex');
  } finally {
    await handle.close();
  }
}

/** null when there is none. Throws when the file is something else. */
export async function readState(path: string): Promise<ImportState | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  try {
    const state = JSON.parse(text) as ImportState;
    if (typeof state.identity === 'string' && typeof state.position.offset === 'number' && state.counts.rows >= 0)
      return state;
  } catch {}
  throw new Error(`${path} is not the state of an import; remove it or name another with --state`);
}

/** Whole or not at all, also when the machine stops in the middle. */
export async function writeState(path: string, state: ImportState): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(state));
  await rename(`${path}.new`, path);
}

export async function removeState(path: string): Promise<void> {
  await rm(path, { force: true });
}
