/** Client and OpenAPI document say the same: every operation has its call, with every parameter, and every call is one. */
import { describe, expect, expectTypeOf, it, test } from 'vitest';
import type { z } from 'zod';
import { createClient } from '../../../shared/client/client.ts';
import type * as wire from '../../../shared/client/wire.ts';
import type { Operations } from '../../../shared/client/wire.ts';
import document from '../../../worker/openapi.json' with { type: 'json' };
import type * as contracts from './contracts.ts';

/** Operations that the client leaves to others, and why. */
const NO_CALL = {
  'POST /console/session': 'the console signs in with a cookie, from its own page',
  'GET /console/session': 'the console signs in with a cookie, from its own page',
  'DELETE /console/session': 'the console signs in with a cookie, from its own page',
};
/** Calls that are more than one operation, or the same one again. */
const TWICE = { eachPreference: 'GET /v1/preferences', streamChat: 'POST /v1/chat/completions' };

type Parameter = { in: string; name: string };
type Documented = { parameters?: Parameter[]; requestBody?: { content: Record<string, unknown> } };
const operations = new Map<string, Documented>(
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, each]) => [`${method.toUpperCase()} ${path}`, each as Documented] as const),
  ),
);

/** The operation of a request: of several that fit, the one with the fewest places to fill. */
function operationOf(method: string, path: string): string | undefined {
  const fits = [...operations.keys()].filter((name) => {
    const [verb, template = ''] = name.split(' ');
    return verb === method && new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path);
  });
  return fits.sort((a, b) => a.split('{').length - b.split('{').length)[0];
}

type Asked = { name: string | undefined; query: string[]; type: string | null };
let asked: Asked[] = [];
const client = createClient({
  edge: 'https://edge.example.com',
  token: 'sk_a_b',
  fetch: async (url, init) => {
    const { pathname, searchParams } = new URL(url);
    const type = new Headers(init.headers).get('content-type');
    asked.push({ name: operationOf(init.method ?? '', pathname), query: [...searchParams.keys()].sort(), type });
    return Response.json({ items: [], next: null });
  },
});

const sha = 'a'.repeat(64);
const id = '01890a5d-ac96-774b-bcce-b302099a8057';
const bytes = Uint8Array.of(1);
const recipe = { method: 'dpo' } as const;
const messages = [{ role: 'user' as const, content: 'Hi' }];
const file = { name: 'adapter_config.json', sha256: sha, bytes: 1 } as const;
// What the edge would say of a body is not looked at here: the types of the bodies are.
const any = {} as never;

const calls: Record<keyof typeof client, () => unknown> = {
  createProject: () => client.createProject({ id: 'toys' }),
  getProject: () => client.getProject(),
  updateProject: () => client.updateProject({}),
  createKey: () => client.createKey({ name: 'ci', scopes: ['ingest'] }),
  listKeys: () => client.listKeys(),
  revokeKey: () => client.revokeKey('k'),
  createSigningKey: () => client.createSigningKey({ kid: 'mine', algorithm: 'HS256', secret: 'x' }),
  listSigningKeys: () => client.listSigningKeys(),
  revokeSigningKey: () => client.revokeSigningKey('mine'),
  createDomain: () => client.createDomain({ id: 'tone', baseModel: 'tiny', recipe }),
  listDomains: () => client.listDomains(),
  getDomain: () => client.getDomain('tone'),
  updateDomain: () => client.updateDomain('tone', { recipe }),
  getStats: () => client.getStats('tone'),
  // The recorder answers no event, which is an error.
  watchDomain: () =>
    client
      .watchDomain('tone')
      .next()
      .catch(() => undefined),
  getRaters: () => client.getRaters('tone'),
  getSamples: () => client.getSamples('tone', 4),
  getRoute: () => client.getRoute('anna', 'tone'),
  promote: () => client.promote('tone', { adapter: sha }),
  rollback: () => client.rollback('tone'),
  listMoves: () => client.listMoves('tone', 5),
  getHealth: () => client.getHealth(),
  createUserToken: () => client.createUserToken({ user: 'anna' }),
  createComparison: () => client.createComparison({ domain: 'tone', prompt: { messages } }),
  getComparison: () => client.getComparison(id),
  downloadImage: () => client.downloadImage(sha),
  downloadOpenImage: () => client.downloadOpenImage('toys', sha),
  uploadImage: () => client.uploadImage(bytes),
  createPreference: () => client.createPreference({ comparison: id, choice: { type: 'tie' } }),
  createPreferences: () => client.createPreferences([{ id, comparison: id, choice: { type: 'tie' } }]),
  getPreference: () => client.getPreference(id),
  listPreferences: () => client.listPreferences({ domain: 'tone', user: 'anna', after: 1, limit: 2 }),
  eachPreference: () => client.eachPreference({ domain: 'tone', user: 'anna', after: 1, limit: 2 }).next(),
  leaseBatch: () => client.leaseBatch({ baseModel: 'tiny', runner: 'r' }),
  renewLease: () => client.renewLease(id, 1),
  completeBatch: () => client.completeBatch(id, any),
  failBatch: () => client.failBatch(id, { fence: 1, reason: 'out of memory' }),
  dismissBatch: () => client.dismissBatch(id, { fence: 1, notTrainable: [] }),
  requeueBatch: () => client.requeueBatch(id),
  listBatches: () => client.listBatches({ domain: 'tone', state: 'ready', limit: 5 }),
  getBatch: () => client.getBatch(id),
  getHeldOut: () => client.getHeldOut('tone', 5),
  uploadAdapterFile: () => client.uploadAdapterFile(sha, file.name, bytes),
  registerAdapter: () => client.registerAdapter(any),
  listAdapters: () => client.listAdapters('tone', 5),
  getAdapter: () => client.getAdapter(sha),
  downloadAdapterFile: () => client.downloadAdapterFile(sha, file.name),
  registerEncoder: () => client.registerEncoder(any),
  listEncoders: () => client.listEncoders('tone', 5),
  getEncoder: () => client.getEncoder(sha),
  downloadEncoderFile: () => client.downloadEncoderFile(sha, file.name),
  chooseEncoder: () => client.chooseEncoder('tone', null),
  getEmbedding: () => client.getEmbedding('anna', 'tone'),
  chat: () => client.chat({ model: 'tone', messages }),
  streamChat: () => client.streamChat({ model: 'tone', messages }),
  generateImages: () => client.generateImages({ model: 'sprites', prompt: 'a creature' }),
  credit: () => client.credit({ model: 'tone', messages, completion: 'Hello' }),
  listModels: () => client.listModels(),
};

const reached = new Map<string, string[]>();

describe.each(Object.entries(calls))('%s', (name, call) => {
  it('asks for one operation of the document, with all that it can be asked with', async () => {
    asked = [];
    await call();
    expect(asked).toHaveLength(1);
    const [{ name: operation = '', query, type } = { name: '', query: [], type: null }] = asked;
    const { parameters = [], requestBody } = operations.get(operation) ?? expect.unreachable('it is not documented');
    expect(query).toEqual(
      parameters
        .filter((each) => each.in === 'query')
        .map((each) => each.name)
        .sort(),
    );
    expect(type).toBe(Object.keys(requestBody?.content ?? {})[0] ?? null);
    reached.set(operation, [...(reached.get(operation) ?? []), name]);
  });
});

test('every operation has a call, and one alone', () => {
  for (const [name, operation] of Object.entries(TWICE)) {
    expect(reached.get(operation)).toContain(name);
    reached.set(
      operation,
      (reached.get(operation) ?? []).filter((each) => each !== name),
    );
  }
  expect([...reached.keys(), ...Object.keys(NO_CALL)].sort()).toEqual([...operations.keys()].sort());
  expect([...reached.values()].filter((names) => names.length !== 1)).toEqual([]);
});

describe('types', () => {
  type Contracts = typeof contracts;
  type Named = { [K in keyof Contracts as Contracts[K] extends z.ZodType ? K : never]: Contracts[K] };
  /** Names of the wire's types that say something else than the contract of that name. */
  type Same<A, B> = [A, B] extends [B, A] ? true : false;
  type Differing<Types, Way extends 'input' | 'output'> = {
    [K in keyof Types & keyof Named]: Same<
      Types[K],
      Named[K] extends z.ZodType ? (Way extends 'input' ? z.input<Named[K]> : z.output<Named[K]>) : never
    > extends true
      ? never
      : K;
  }[keyof Types & keyof Named];

  it('of the wire are those of the contracts', () => {
    expectTypeOf<Differing<wire.Answered, 'output'>>().toEqualTypeOf<never>();
    expectTypeOf<Differing<wire.Sent, 'input'>>().toEqualTypeOf<never>();
    expectTypeOf<keyof wire.Answered & keyof Named>().not.toEqualTypeOf<never>();
  });

  it('know every operation of the document', () => {
    expectTypeOf<keyof Operations>().toExtend<`${string} /${string}`>();
  });
});
