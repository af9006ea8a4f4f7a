/** User encoders made up for tests: of both kinds, registered and chosen; and votes with features. */
import { canonicalJson } from '../../../shared/math/canonical-json.ts';
import { sha256Text } from '../../../shared/math/sha256.ts';
import { uuidv7 } from '../../../shared/math/uuidv7.ts';
import { manifestSha } from '../../../worker/adapter-files/manifest.ts';
import { floats, safetensorsFile } from '../adapter-files/safetensors-file.ts';
import type { Answer, TestEdge, TestProject } from '../hosts.ts';
import { makeAdapter, sha256, uploadAdapter, uploadFile } from '../made-adapter.ts';
import { type MadeNetwork, makeNetwork } from './made-network.ts';

type Json = Record<string, unknown>;
type Bytes = Uint8Array<ArrayBuffer>;

export const SPACE = '5'.repeat(64);
let made = 0;

export type MadeSet = { network: MadeNetwork; files: { name: string; bytes: Bytes; sha256: string }[]; input: Json };

/** `bytes` takes the place of the network's file, `input` overrides what is said of it. */
export async function makeSetEncoder({
  seed = ++made,
  shape = { features: 4, hidden: 8, tokens: 2, width: 3 },
  bytes = null as Bytes | null,
  input = {} as Json,
} = {}): Promise<MadeSet> {
  const network = makeNetwork(seed, shape);
  const weights = safetensorsFile({ 'reads.weight': { dtype: 'F32', shape: [2], data: floats('F32', [seed, 1]) } });
  const contents: [string, Bytes][] = [
    ['encoder.onnx', bytes ?? network.bytes],
    ['encoder.safetensors', weights],
  ];
  const files = await Promise.all(
    contents.map(async ([name, each]) => ({ name, bytes: each, sha256: await sha256(each) })),
  );
  return {
    network,
    files,
    input: {
      kind: 'set',
      sha: await manifestSha(files),
      domain: 'replies',
      space: SPACE,
      featureSize: shape.features,
      tokens: shape.tokens,
      width: shape.width,
      prior: network.prior,
      priorUncertainty: 1,
      files: files.map((file) => ({ name: file.name, sha256: file.sha256, bytes: file.bytes.length })),
      ...input,
    },
  };
}

export function postEncoder(edge: TestEdge, bearer: string, input: Json): Promise<Answer> {
  return edge.call('POST', '/v1/encoders', { bearer, body: input });
}

export function chooseEncoder(edge: TestEdge, bearer: string, encoder: unknown, domain = 'replies'): Promise<Answer> {
  return edge.call('PUT', `/v1/domains/${domain}/encoder`, { bearer, body: { encoder } });
}

/** Uploads, registers and chooses it. */
export async function publishSetEncoder(edge: TestEdge, { admin }: TestProject, encoder: MadeSet): Promise<string> {
  for (const file of encoder.files) await uploadFile(edge, admin, file);
  return publish(edge, admin, encoder.input);
}

async function publish(edge: TestEdge, bearer: string, input: Json): Promise<string> {
  for (const { status, body } of [
    await postEncoder(edge, bearer, input),
    await chooseEncoder(edge, bearer, input.sha, String(input.domain)),
  ]) {
    if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`);
  }
  return String(input.sha);
}

/** Registers as many adapters as a basis has. */
export async function makeBasis(edge: TestEdge, { admin }: TestProject, count: number): Promise<string[]> {
  const shas: string[] = [];
  for (let i = 0; i < count; i++) {
    const adapter = await makeAdapter();
    await uploadAdapter(edge, admin, adapter);
    const body = { parent: null, domain: 'replies', ...adapter.input };
    await edge.get('POST', '/v1/adapters', { bearer: admin, body });
    shas.push(adapter.input.sha);
  }
  return shas;
}

/** A mixture over the adapters of `basis`; `input` overrides, and its sha follows. */
export function makeMixture(basis: string[], input: Json = {}): Json {
  const body: Json = {
    kind: 'mixture',
    domain: 'replies',
    space: sha256Text(canonicalJson(basis)),
    featureSize: basis.length,
    basis: basis.map((adapter, i) => ({ name: `trait-${i}`, adapter })),
    prior: {
      mean: basis.map((_, i) => (i === 0 ? 0.2 : 0)),
      precision: basis.map((_, i) => basis.map((__, j) => (i === j ? 1 : 0))),
    },
    scale: 2,
    strength: 0.5,
    maxWeight: 1.5,
    ...input,
  };
  return { ...body, sha: sha256Text(canonicalJson(body)), ...(input.sha !== undefined && { sha: input.sha }) };
}

export async function publishMixture(edge: TestEdge, { admin }: TestProject, input: Json): Promise<string> {
  return publish(edge, admin, input);
}

let asked = 0;

/** An imported vote of `user`: the first candidate is chosen. A candidate without features is null; `kind` is the comparison's. */
export function tasteVote(
  user: string,
  features: (readonly (number | null)[] | null)[],
  { kind = 'pair', ...rest }: Json = {},
  space = SPACE,
) {
  asked += 1;
  const candidates = features.map((values, i) => ({
    id: uuidv7(),
    content: { type: 'text', text: `Answer ${i} to ${asked}.` },
    ...(values && { features: [{ space, values }] }),
  }));
  const comparison = {
    domain: 'replies',
    kind,
    prompt: { messages: [{ role: 'user', content: `Question ${asked}?` }] },
    candidates,
  };
  return { id: uuidv7(), user, comparison, choice: { type: 'pair', chosen: candidates[0]?.id } as Json, ...rest };
}

export async function castVotes(edge: TestEdge, bearer: string, items: unknown[]): Promise<Answer['body']> {
  const body = await edge.get('POST', '/v1/preferences/bulk', { bearer, body: { items } });
  if (body.rejected > 0) throw new Error(JSON.stringify(body.items));
  return body;
}
