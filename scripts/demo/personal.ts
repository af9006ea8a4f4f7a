/**
 * Personal weights of the built-in models, ready-made: `images/` has a user encoder and the attention that was trained with it,
 * `replies/` a mixture and the adapters of its basis. Once they are published, a person's votes are all that is needed.
 */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { publishEncoder, readEncoderFolder } from '../../shared/cli/encoder-folder.ts';
import type { Client } from '../../shared/client/client.ts';
import type { AdapterFileName } from '../../shared/contracts/adapter.ts';
import { sha256Hex } from '../../shared/math/record-id.ts';
import { manifestSha } from '../../worker/adapter-files/manifest.ts';
import { root } from './processes.ts';

export const PERSONAL = join(root, 'gpu-runner/prefloop/tiny/personal');
export const PICTURES = 'your-pictures';
export const REPLIES = 'your-replies';
/** The built-in model that draws. */
export const DRAWS_WITH = 'tiny-diffusion';

/** Which of the two a folder has weights for. */
export type Built = { pictures: boolean; replies: boolean };

export function findPersonal(folder: string): Built {
  const has = (...path: string[]) => existsSync(join(folder, 'images', ...path));
  const { adapters, encoder } = replyFolders(folder);
  return {
    pictures: has('encoder', 'encoder.json') && has('adapter', 'user_attention.safetensors'),
    replies: encoder !== undefined && adapters.length > 0,
  };
}

/** Adapters are known by their files, not by what their folders are called. */
function replyFolders(folder: string): { adapters: string[]; encoder: string | undefined } {
  const place = join(folder, 'replies');
  const found = existsSync(place) ? readdirSync(place, { recursive: true, encoding: 'utf8' }).sort() : [];
  const holders = (name: string) =>
    found.filter((path) => basename(path) === name).map((path) => join(place, dirname(path)));
  return { adapters: holders('adapter_model.safetensors'), encoder: holders('encoder.json')[0] };
}

/** What the weights of the replies' mixture are called. */
export async function readBasis(folder: string): Promise<string[]> {
  const { input } = await readEncoderFolder(replyFolders(folder).encoder ?? folder, REPLIES);
  return input.kind === 'mixture' ? input.basis.map(({ name }) => name) : [];
}

/** Nothing is learned here: votes only say whose taste it is, so a batch is never full, and no runner asks for one. */
const waits = { batchSize: 500, maxWaitSeconds: 86_400, holdOut: 0 };

/** A domain whose pictures are drawn for whoever has voted. `fingerprint`: of the model that draws. */
export async function publishPictures(admin: Client, folder: string, fingerprint: string): Promise<void> {
  const place = { domain: PICTURES, baseModel: DRAWS_WITH, recipe: { method: 'ppd' } } as const;
  await admin.createDomain({ id: place.domain, baseModel: place.baseModel, recipe: place.recipe, ...waits });
  const { encoder } = await publishEncoder(admin, await readEncoderFolder(join(folder, 'images/encoder'), PICTURES));
  await admin.chooseEncoder(PICTURES, encoder.sha);
  const files = await readAdapter(join(folder, 'images/adapter'), ['user_attention.safetensors']);
  const adapter = await publishAdapter(admin, files, {
    ...place,
    baseFingerprint: fingerprint,
    encoder: encoder.sha,
  });
  await admin.promote(PICTURES, { adapter });
}

/** A domain whose replies are mixed for whoever has voted. `fingerprint`: of the model that writes. */
export async function publishReplies(admin: Client, folder: string, model: string, fingerprint: string): Promise<void> {
  const place = { domain: REPLIES, baseModel: model, recipe: { method: 'dpo' } } as const;
  // A little less freely than the model was trained, as it draws for a product.
  await admin.createDomain({
    id: REPLIES,
    baseModel: model,
    recipe: place.recipe,
    ...waits,
    temperature: 0.7,
    maxTokens: 160,
  });
  const folders = replyFolders(folder);
  for (const basis of folders.adapters) await publishBasis(admin, basis, { ...place, baseFingerprint: fingerprint });
  const { encoder } = await publishEncoder(admin, await readEncoderFolder(folders.encoder ?? folder, REPLIES));
  await admin.chooseEncoder(REPLIES, encoder.sha);
}

/** One adapter of a mixture's basis, from its PEFT folder; returns its sha. */
export async function publishBasis(admin: Client, folder: string, place: Place): Promise<string> {
  const files = await readAdapter(folder, ['adapter_config.json', 'adapter_model.safetensors']);
  return publishAdapter(admin, files, place);
}

/** What an adapter is registered with, beside its files. */
type Place = Omit<Parameters<Client['registerAdapter']>[0], 'sha' | 'parent' | 'files'>;
type File = { name: AdapterFileName; bytes: Uint8Array<ArrayBuffer>; sha256: string };

async function readAdapter(folder: string, names: AdapterFileName[]): Promise<File[]> {
  return Promise.all(
    names.map(async (name) => {
      const bytes = new Uint8Array(await readFile(join(folder, name)));
      return { name, bytes, sha256: await sha256Hex(bytes) };
    }),
  );
}

async function publishAdapter(admin: Client, files: File[], place: Place): Promise<string> {
  for (const { sha256, name, bytes } of files) await admin.uploadAdapterFile(sha256, name, bytes);
  const listed = files.map(({ name, sha256, bytes }) => ({ name, sha256, bytes: bytes.length }));
  const { sha } = await admin.registerAdapter({ ...place, sha: await manifestSha(files), parent: null, files: listed });
  return sha;
}
