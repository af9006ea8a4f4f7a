/** Whether a user encoder may join a domain: its name, its files or its basis, its prior. */
import { and, eq, inArray } from 'drizzle-orm';
import type { AdapterFileName } from '../../shared/contracts/adapter.ts';
import type { EncoderInput, MixtureInput, SetEncoderInput } from '../../shared/contracts/encoder.ts';
import { canonicalJson } from '../../shared/math/canonical-json.ts';
import { cholesky } from '../../shared/math/linear.ts';
import { sha256Text } from '../../shared/math/sha256.ts';
import { manifestSha } from '../adapter-files/manifest.ts';
import { findFile } from './adapters-check.ts';
import type { Database } from './database.ts';
import { type DomainRow, findDomain } from './domains.ts';
import { type Rejection, reject } from './rejection.ts';
import { adapter } from './schema.ts';

const NETWORK: AdapterFileName = 'encoder.onnx';
const WEIGHTS: AdapterFileName = 'encoder.safetensors';

export async function checkEncoder(db: Database, project: string, input: EncoderInput): Promise<Rejection | null> {
  const domain = await findDomain(db, project, input.domain);
  if (!domain) return reject('not_found', `There is no domain ${input.domain}.`);
  return input.kind === 'set' ? checkSet(db, project, input) : checkMixture(db, domain, input);
}

async function checkSet(db: Database, project: string, { sha, files }: SetEncoderInput): Promise<Rejection | null> {
  const names = files.map(({ name }) => name);
  if (new Set(names).size < names.length) return reject('invalid_request', 'An encoder has each file once.');
  const other = names.find((name) => name !== NETWORK && name !== WEIGHTS);
  if (other) return reject('encoder_invalid', `An encoder has no file ${other}, only ${NETWORK} and ${WEIGHTS}.`);
  if (!names.includes(NETWORK)) return reject('adapter_missing_file', `An encoder needs ${NETWORK}.`);
  if ((await manifestSha(files)) !== sha)
    return reject('hash_mismatch', 'sha is not the SHA-256 of the list of files.');
  const received = await Promise.all(files.map((file) => findFile(db, project, file.sha256, file.name)));
  const missing = files.find((file, i) => received[i]?.bytes !== file.bytes);
  if (!missing) return null;
  return reject('adapter_missing_file', `${missing.name} with the hash ${missing.sha256} was not uploaded.`);
}

async function checkMixture(db: Database, domain: DomainRow, input: MixtureInput): Promise<Rejection | null> {
  const { sha, metrics: _, ...hashed } = input;
  if (sha256Text(canonicalJson(hashed)) !== sha) {
    return reject('hash_mismatch', 'sha is not the SHA-256 of the canonical JSON without sha and metrics.');
  }
  const basis = input.basis.map((each) => each.adapter);
  if (sha256Text(canonicalJson(basis)) !== input.space) {
    return reject('hash_mismatch', 'space is not the SHA-256 of the canonical JSON of the basis adapters’ shas.');
  }
  if (new Set(basis).size < basis.length) return reject('encoder_invalid', 'The basis has an adapter twice.');
  return checkPrior(input.prior.precision) ?? (await checkBasis(db, domain, basis));
}

function checkPrior(precision: readonly (readonly number[])[]): Rejection | null {
  const symmetric = precision.every((row, i) => row.every((value, j) => value === precision[j]?.[i]));
  if (!symmetric) return reject('encoder_invalid', 'The prior’s precision is not symmetric.');
  try {
    cholesky(precision);
    return null;
  } catch (error) {
    if (error instanceof RangeError)
      return reject('encoder_invalid', 'The prior’s precision is not positive definite.');
    throw error;
  }
}

async function checkBasis(db: Database, domain: DomainRow, basis: string[]): Promise<Rejection | null> {
  const rows = await db
    .select({ sha: adapter.sha, baseModel: adapter.baseModel })
    .from(adapter)
    .where(and(eq(adapter.project, domain.project), inArray(adapter.sha, basis)));
  const missing = basis.find((sha) => !rows.some((row) => row.sha === sha));
  if (missing) return reject('not_found', `The project has no adapter ${missing} to be of the basis.`);
  const other = rows.find((row) => row.baseModel !== domain.baseModel);
  if (!other) return null;
  return reject(
    'base_model_mismatch',
    `The adapter ${other.sha} belongs to ${other.baseModel}, the domain ${domain.id} to ${domain.baseModel}.`,
  );
}
