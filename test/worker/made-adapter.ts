/** Adapters made up for tests: small, valid, each one with weights of its own. */
import { manifestSha } from '../../worker/adapter-files/manifest.ts';
import { adapterConfig, floats, loraTensors, MODULES, safetensorsFile } from './adapter-files/safetensors-file.ts';
import type { Answer, TestEdge, TestProject } from './hosts.ts';

type Bytes = Uint8Array<ArrayBuffer>;
type Json = Record<string, unknown>;

export type MadeAdapter = {
  files: { name: string; bytes: Bytes; sha256: string }[];
  /** An AdapterInput without `parent`. */
  input: Json & { sha: string };
};

export const FINGERPRINT = 'f'.repeat(64);
let made = 0;

function nextSeed(): number {
  made += 1;
  return made;
}

/** `files` replaces or adds files by name, `input` overrides what is said of the adapter. */
export async function makeAdapter({
  files = {} as Record<string, Bytes>,
  input = {} as Json,
  seed = nextSeed(),
} = {}): Promise<MadeAdapter> {
  const contents: Record<string, Bytes> = {
    'adapter_config.json': adapterConfig(),
    'adapter_model.safetensors': safetensorsFile(loraTensors(MODULES, { seed })),
    ...files,
  };
  const listed = await Promise.all(
    Object.entries(contents).map(async ([name, bytes]) => ({ name, bytes, sha256: await sha256(bytes) })),
  );
  return {
    files: listed,
    input: {
      sha: await manifestSha(listed),
      baseModel: 'tiny',
      baseFingerprint: FINGERPRINT,
      recipe: { method: 'dpo' },
      files: listed.map(({ name, bytes, sha256 }) => ({ name, sha256, bytes: bytes.length })),
      gates: [{ name: 'accuracy', value: 0.8, low: 0.7, high: 0.9, n: 50, bound: 0.5, passed: true, reason: null }],
      losses: [0.69, 0.61],
      metrics: { loss: 0.61 },
      ...input,
    },
  };
}

/** The LoRA of an image model, with every number `value`. */
export async function makeImageAdapter(value: number, more: Json = {}): Promise<MadeAdapter> {
  const matrix = { dtype: 'F32', shape: [2, 2], data: floats('F32', new Array(4).fill(value)) };
  const path = 'unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q';
  const bytes = safetensorsFile({ [`${path}.lora_A.weight`]: matrix, [`${path}.lora_B.weight`]: matrix });
  const file = { name: 'pytorch_lora_weights.safetensors', bytes, sha256: await sha256(bytes) };
  const sha = await sha256(new TextEncoder().encode(`${file.sha256}  ${file.name}\n`));
  const { input } = await makeAdapter();
  const files = [{ name: file.name, sha256: file.sha256, bytes: bytes.length }];
  return { files: [file], input: { ...input, sha, files, ...more } };
}

export function uploadFile(
  edge: TestEdge,
  bearer: string,
  file: { name: string; bytes: Bytes; sha256: string },
): Promise<Answer> {
  const headers = { 'content-type': 'application/octet-stream' };
  return edge.call('PUT', `/v1/adapters/files/${file.sha256}?name=${file.name}`, { bearer, raw: file.bytes, headers });
}

/** Uploads every file of the adapter; throws when one is refused. */
export async function uploadAdapter(edge: TestEdge, bearer: string, adapter: MadeAdapter): Promise<void> {
  for (const file of adapter.files) {
    const { status, body } = await uploadFile(edge, bearer, file);
    if (status >= 300) throw new Error(`${file.name}: ${status} ${JSON.stringify(body)}`);
  }
}

/** Uploads and registers it in the domain `replies`, and serves it. Its sha. */
export async function serveAdapter(edge: TestEdge, { admin }: TestProject, adapter: MadeAdapter): Promise<string> {
  await uploadAdapter(edge, admin, adapter);
  const { sha } = adapter.input;
  await edge.get('POST', '/v1/adapters', {
    bearer: admin,
    body: { parent: null, ...adapter.input, domain: 'replies' },
  });
  await edge.get('POST', '/v1/domains/replies/promote', { bearer: admin, body: { adapter: sha } });
  return sha;
}

export async function sha256(bytes: Bytes): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
}
