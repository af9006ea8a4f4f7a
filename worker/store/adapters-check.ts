/** Whether an adapter may join a domain: its name, its files, its base, its parent. */
import { and, eq } from 'drizzle-orm';
import type { AdapterFileName, AdapterRegistration } from '../../shared/contracts/adapter.ts';
import { kindOfAdapter } from '../adapter-files/image-adapter.ts';
import { ConfigFacts, LoraFacts, mismatch } from '../adapter-files/lora.ts';
import { manifestSha } from '../adapter-files/manifest.ts';
import type { Database } from './database.ts';
import { findDomain } from './domains.ts';
import { type Rejection, reject } from './rejection.ts';
import { adapter, adapterFile, encoder } from './schema.ts';

/** `onTopOfHead`: its parent must be the domain's head; otherwise any adapter of the domain, or the base. */
export async function checkAdapter(
  db: Database,
  project: string,
  input: AdapterRegistration,
  place: 'onTopOfHead' | 'anywhere',
): Promise<Rejection | null> {
  const domain = await findDomain(db, project, input.domain);
  if (!domain) return reject('not_found', `There is no domain ${input.domain}.`);
  if (place === 'onTopOfHead' && domain.head !== input.parent) {
    return reject(
      'stale_parent',
      `The head of ${domain.id} is ${domain.head ?? 'the base'}: train the batch again on top of it.`,
    );
  }
  if (input.baseModel !== domain.baseModel) {
    return reject(
      'base_model_mismatch',
      `The domain ${domain.id} belongs to ${domain.baseModel}, not to ${input.baseModel}.`,
    );
  }
  return (
    (await checkParent(db, project, input)) ??
    (await checkUserEncoder(db, project, input)) ??
    (await checkFiles(db, project, input))
  );
}

async function checkParent(db: Database, project: string, input: AdapterRegistration): Promise<Rejection | null> {
  if (input.parent === null) return null;
  const { parent, domain } = input;
  const at = and(eq(adapter.project, project), eq(adapter.sha, parent), eq(adapter.domain, domain));
  const row = await db.select({ baseFingerprint: adapter.baseFingerprint }).from(adapter).where(at).get();
  if (!row) return reject('not_found', `The domain ${domain} has no adapter ${parent} to be the parent.`);
  if (row.baseFingerprint === input.baseFingerprint) return null;
  return reject(
    'base_model_mismatch',
    `Its parent was trained on base weights ${row.baseFingerprint}, this adapter on others.`,
  );
}

/** An adapter understands the embeddings of the encoder that it was trained with, and of no other. */
async function checkUserEncoder(db: Database, project: string, input: AdapterRegistration): Promise<Rejection | null> {
  if (input.encoder === undefined) return null;
  const at = and(eq(encoder.project, project), eq(encoder.sha, input.encoder), eq(encoder.domain, input.domain));
  const known = await db.select({ sha: encoder.sha }).from(encoder).where(at).get();
  return known ? null : reject('encoder_mismatch', `The domain ${input.domain} has no encoder ${input.encoder}.`);
}

async function checkFiles(
  db: Database,
  project: string,
  { files, sha, encoder: knows }: AdapterRegistration,
): Promise<Rejection | null> {
  const names = files.map(({ name }) => name);
  if (new Set(names).size < names.length) return reject('invalid_request', 'An adapter has each file once.');
  const kind = kindOfAdapter(names);
  if (typeof kind === 'object') return reject('adapter_missing_file', `An adapter needs ${kind.lacks}.`);
  if (names.includes('user_attention.safetensors') && knows === undefined) {
    return reject('encoder_mismatch', 'A user attention belongs to a user encoder: the adapter must name it.');
  }
  if ((await manifestSha(files)) !== sha)
    return reject('hash_mismatch', 'sha is not the SHA-256 of the list of files.');

  const received = await Promise.all(files.map((file) => findFile(db, project, file.sha256, file.name)));
  const missing = files.find((file, i) => received[i]?.bytes !== file.bytes);
  if (missing)
    return reject('adapter_missing_file', `${missing.name} with the hash ${missing.sha256} was not uploaded.`);
  if (kind === 'pictures') return null;
  const facts = (name: AdapterFileName) => received[names.indexOf(name)]?.facts;
  const problem = mismatch(
    LoraFacts.parse(facts('adapter_model.safetensors')),
    ConfigFacts.parse(facts('adapter_config.json')),
  );
  return problem === null ? null : reject('adapter_invalid', `adapter_model.safetensors ${problem}.`);
}

export async function findFile(db: Database, project: string, sha256: string, name: AdapterFileName) {
  const at = and(eq(adapterFile.project, project), eq(adapterFile.sha256, sha256), eq(adapterFile.name, name));
  return (await db.select().from(adapterFile).where(at).get()) ?? null;
}
