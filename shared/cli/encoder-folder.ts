/**
 * A user encoder as a folder: encoder.json says what it is (an EncoderInput, in which `sha` and `files` may be missing), and
 * beside it lie encoder.onnx and encoder.safetensors of a set encoder.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '../client/client.ts';
import type { AdapterFileName } from '../contracts/adapter.ts';
import { EncoderInput, type EncoderRecord } from '../contracts/encoder.ts';
import { canonicalJson } from '../math/canonical-json.ts';
import { downloadManifest } from './manifest-download.ts';

const NAMES: readonly AdapterFileName[] = ['encoder.onnx', 'encoder.safetensors'];

export type EncoderFolder = {
  input: EncoderInput;
  files: { name: AdapterFileName; sha256: string; bytes: Uint8Array<ArrayBuffer> }[];
};

const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex');

/** A mixture is its numbers: the hash is of its canonical JSON, without the sha itself and what was measured of it. */
function hashMixture({ sha: _, metrics: __, ...hashed }: Record<string, unknown>): string {
  return sha256(canonicalJson(hashed));
}

/** `domain` is put in the place of the folder's own. Throws an Error that says what is wrong with the folder. */
export async function readEncoderFolder(folder: string, domain?: string): Promise<EncoderFolder> {
  const said: unknown = JSON.parse(await readFile(join(folder, 'encoder.json'), 'utf8'));
  if (typeof said !== 'object' || said === null) throw new Error(`${folder}/encoder.json is not an object`);
  const body: Record<string, unknown> = { ...said, ...(domain !== undefined && { domain }) };
  const files = body.kind === 'set' ? await readFiles(folder) : [];
  if (body.kind === 'set') {
    body.files = files.map(({ name, sha256, bytes }) => ({ name, sha256, bytes: bytes.length }));
    body.sha = sha256(files.map((file) => `${file.sha256}  ${file.name}\n`).join(''));
  } else {
    body.sha = hashMixture(body);
  }
  const parsed = EncoderInput.safeParse(body);
  if (parsed.success) return { input: parsed.data, files };
  const [issue] = parsed.error.issues;
  throw new Error(`${folder}/encoder.json: ${issue?.path.join('.')}: ${issue?.message}`);
}

async function readFiles(folder: string): Promise<EncoderFolder['files']> {
  return Promise.all(
    NAMES.map(async (name) => {
      const bytes = new Uint8Array(await readFile(join(folder, name)));
      return { name, sha256: sha256(bytes), bytes };
    }),
  );
}

/** Writes a folder that `readEncoderFolder` reads. `open` is asked for the files of a set encoder. */
export async function writeEncoderFolder(
  encoder: EncoderInput,
  folder: string,
  open: Parameters<typeof downloadManifest>[2],
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { sha, ...said } = encoder;
  if (encoder.kind === 'set') await downloadManifest(encoder, folder, open, onBytes);
  else if (hashMixture(said) !== sha) throw new Error(`the mixture that the edge tells is not ${sha}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'encoder.json'), `${JSON.stringify(said, null, 2)}\n`);
}

/** Files first, then the encoder. */
export async function publishEncoder(
  client: Pick<Client, 'uploadAdapterFile' | 'registerEncoder'>,
  { input, files }: EncoderFolder,
): Promise<EncoderRecord> {
  for (const { name, sha256, bytes } of files) await client.uploadAdapterFile(sha256, name, bytes);
  return client.registerEncoder(input);
}
