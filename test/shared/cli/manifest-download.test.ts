import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { downloadManifest, type Manifest } from '../../../shared/cli/manifest-download.ts';

const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex');
const contents = {
  'adapter_config.json': Buffer.from('{"r":4}'),
  'adapter_model.safetensors': Buffer.alloc(300_000, 7),
};

const files = Object.entries(contents).map(([name, bytes]) => ({ name, sha256: sha256(bytes), bytes: bytes.length }));
const sha = sha256(files.map((file) => `${file.sha256}  ${file.name}\n`).join(''));
const manifest = { sha, files } as Manifest;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prefloop-download-'));
});
afterEach(() => rm(folder, { recursive: true }));

const serve = (damage: (bytes: Buffer) => Buffer) => async (name: string) =>
  new Blob([new Uint8Array(damage(contents[name as keyof typeof contents]))]).stream();
const whole = serve((bytes) => bytes);

test('files arrive under their names, and every byte is told', async () => {
  let bytes = 0;
  await downloadManifest(manifest, folder, whole, (more) => {
    bytes += more;
  });
  expect(await readdir(folder)).toEqual(files.map(({ name }) => name));
  expect(bytes).toBe(300_007);
});

test.each([
  ['cut short', (bytes: Buffer) => bytes.subarray(0, -1)],
  ['changed', (bytes: Buffer) => Buffer.concat([bytes.subarray(1), Buffer.from([0])])],
])('a file that was %s is refused and leaves nothing', async (_, damage) => {
  await expect(downloadManifest(manifest, folder, serve(damage))).rejects.toThrow('arrived damaged');
  expect(await readdir(folder)).toEqual([]);
});

test('a list of files that is not that of the hash is refused before anything is fetched', async () => {
  const other = { ...manifest, files: files.map((file) => ({ ...file, sha256: sha256('other') })) } as Manifest;
  await expect(downloadManifest(other, folder, whole)).rejects.toThrow('are not those of');
  expect(await readdir(folder)).toEqual([]);
});
