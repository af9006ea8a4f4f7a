import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { downloadAdapter } from '../../../shared/cli/adapter-download.ts';
import type { AdapterRecord } from '../../../shared/contracts/adapter.ts';

const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex');
const contents = {
  'adapter_config.json': Buffer.from('{"r":4}'),
  'adapter_model.safetensors': Buffer.alloc(300_000, 7),
};

const files = Object.entries(contents).map(([name, bytes]) => ({ name, sha256: sha256(bytes), bytes: bytes.length }));
const sha = sha256(files.map((file) => `${file.sha256}  ${file.name}\n`).join(''));
const record = { sha, files } as AdapterRecord;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prefloop-download-'));
});
afterEach(() => rm(folder, { recursive: true }));

const serve = (damage: (bytes: Buffer) => Buffer) => ({
  downloadAdapterFile: async (_: string, name: keyof typeof contents | string) =>
    new Blob([new Uint8Array(damage(contents[name as keyof typeof contents]))]).stream(),
});

test('files arrive under their names', async () => {
  const arrived: string[] = [];
  await downloadAdapter(
    serve((bytes) => bytes),
    record,
    folder,
    (name) => arrived.push(name),
  );
  expect(await readdir(folder)).toEqual(arrived);
});

test.each([
  ['cut short', (bytes: Buffer) => bytes.subarray(0, -1)],
  ['changed', (bytes: Buffer) => Buffer.concat([bytes.subarray(1), Buffer.from([0])])],
])('a file that was %s is refused and leaves nothing', async (_, damage) => {
  await expect(downloadAdapter(serve(damage), record, folder, () => undefined)).rejects.toThrow('arrived damaged');
  expect(await readdir(folder)).toEqual([]);
});

test('a list of files that is not the adapter’s is refused before anything is fetched', async () => {
  const other = { ...record, files: files.map((file) => ({ ...file, sha256: sha256('other') })) } as AdapterRecord;
  await expect(
    downloadAdapter(
      serve((bytes) => bytes),
      other,
      folder,
      () => undefined,
    ),
  ).rejects.toThrow('are not those of adapter');
  expect(await readdir(folder)).toEqual([]);
});
