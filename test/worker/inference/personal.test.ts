import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { SetEncoderInput } from '../../../shared/contracts/encoder.ts';
import { ApiError } from '../../../worker/access/api-error.ts';
import type { Caller } from '../../../worker/access/caller.ts';
import { fileKey } from '../../../worker/adapter-files/receive-file.ts';
import type { Bindings, Env } from '../../../worker/env.ts';
import { openFolderR2 } from '../../../worker/hosts/folder-r2.ts';
import { openOnnx } from '../../../worker/hosts/onnx-deno.ts';
import { type Personal, personalOf } from '../../../worker/inference/personal.ts';
import { type DomainRow, findDomain } from '../../../worker/store/domains.ts';
import { addEncoder } from '../../../worker/store/encoders.ts';
import { adapter, domain } from '../../../worker/store/schema.ts';
import { makeSetEncoder, tasteVote } from '../encoder/made-encoder.ts';
import { makeWorld, PROJECT, storeInputs } from '../store/world.ts';

type Json = Record<string, unknown>;
type Answer = { status: number; body: Personal | { code: string; message: string } | null };

const LIVE = 'a'.repeat(64);
const vector = (n: number) => [0, 1, 2, 3].map((i) => Math.sin(7 * n + 3 * i));
const pair = (n: number) => [vector(n), vector(n + 0.5)];
const said = (n: number) => [{ chosen: vector(n), rejected: vector(n + 0.5), weight: 1 }];
const anna: Caller = { kind: 'user', user: 'anna', scopes: ['infer'], kid: 'edge' };
const server: Caller = { kind: 'secret', key: 'k', scopes: ['infer'] };

/** A domain that is served by an adapter which was trained with a set encoder; anna and ben have voted once each. */
async function setUp({ live = LIVE as string | null, trainedWith = 'encoder' as 'encoder' | null } = {}) {
  const db = await makeWorld();
  const rewards = [
    { name: 'bright', values: [1, 2, 3, 4, 5, 6] },
    { name: 'calm', values: [6, 5, 4, 3, 2, 1] },
  ];
  const { input, files, network } = await makeSetEncoder({ input: { rewards, metrics: {} } });
  const encoder = input as unknown as SetEncoderInput;
  const bucket = await openFolderR2(await mkdtemp(join(tmpdir(), 'prefloop-personal-')));
  for (const { sha256, bytes } of files) await bucket.put(fileKey(PROJECT, sha256), bytes as never, { sha256 });
  await addEncoder(db, PROJECT, encoder, 0);
  const recipe = { method: 'dpo' } as never;
  await db.insert(adapter).values({
    ...{ project: PROJECT, sha: LIVE, domain: 'replies', baseModel: 'tiny', baseFingerprint: 'f'.repeat(64), recipe },
    ...{ files: [], metrics: {}, losses: [], gates: [], runtime: '', stage: 'live', preferences: 0, createdAt: 0 },
    encoder: trainedWith && encoder.sha,
  });
  // The domain has gone on to another encoder, or to none: what is served still knows its own.
  await db.update(domain).set({ live, encoder: null });
  await storeInputs(db, [tasteVote('anna', pair(1)), tasteVote('ben', pair(2))] as never);

  const bindings = { FILES: bucket, ENCODER: openOnnx } as unknown as Bindings;
  async function ask(request: Json, caller: Caller = anna): Promise<Answer> {
    const app = new Hono<Env>();
    app.post('/', async (c) => {
      c.set('db', db);
      c.set('caller', caller);
      c.set('now', () => 0);
      c.set('project', { id: PROJECT, secret: 'secret' } as never);
      const row = (await findDomain(db, PROJECT, 'replies')) as DomainRow;
      return c.json(await personalOf(c, row, { personal: true, ...request }));
    });
    app.onError((error, c) => {
      if (!(error instanceof ApiError)) throw error;
      return c.json({ code: error.code, message: error.message }, error.status);
    });
    const later: Promise<unknown>[] = [];
    const context = { waitUntil: (work: Promise<unknown>) => later.push(work), passThroughOnException() {}, props: {} };
    const response = await app.request('/', { method: 'POST' }, bindings, context);
    await Promise.all(later);
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  }
  return { ask, network, encoder };
}

function expectTokens(body: Answer['body'], values: readonly number[]): void {
  const { user } = body as Personal;
  expect(user.map((row) => row.length)).toEqual([3, 3]);
  user.flat().forEach((value, at) => {
    expect(value).toBeCloseTo(values[at] as number, 5);
  });
}

describe('a personal picture', () => {
  it('is made from its caller’s own votes, under the encoder of what is served', async () => {
    const { ask, network, encoder } = await setUp();
    const { status, body } = await ask({});
    expect(status).toBe(200);
    expect(body).toMatchObject({ encoder: encoder.sha, votes: 1 });
    expectTokens(body, network.embed(said(1)).embedding);
  });

  it('is the prior’s for somebody who has not voted', async () => {
    const { ask, network } = await setUp();
    const { body } = await ask({}, { ...anna, user: 'zoe' });
    expect(body).toMatchObject({ votes: 0 });
    expectTokens(body, network.prior);
  });

  it.each([
    ['whoever wants none', {}, { personal: false }, anna],
    ['a server', {}, {}, server],
    ['the base', { live: null }, {}, anna],
    ['an adapter that knows nobody', { trainedWith: null }, {}, anna],
  ] as const)('is nobody’s for %s', async (_, world, request, caller) => {
    const { ask } = await setUp(world);
    expect(await ask(request, caller)).toEqual({ status: 200, body: null });
  });

  it('is a blend of persons and rewards, and what is left is the prior’s', async () => {
    const { ask, network } = await setUp();
    const blend = [
      { user: 'anna', weight: 0.25 },
      { user: 'ben', weight: 0.25 },
      { reward: 'bright', weight: 0.25 },
    ];
    const { body } = await ask({ blend }, server);
    const parts = [
      network.embed(said(1)).embedding,
      network.embed(said(2)).embedding,
      [1, 2, 3, 4, 5, 6],
      network.prior,
    ];
    expect(body).toMatchObject({ votes: 2 });
    expectTokens(
      body,
      network.prior.map((_, at) => parts.reduce((sum, part) => sum + (part[at] as number) / 4, 0)),
    );
  });

  it('takes its caller’s own user in a blend, also where no taste was wanted otherwise', async () => {
    const { ask } = await setUp();
    const blend = [
      { user: 'anna', weight: 0.3 },
      { reward: 'calm', weight: 0.7 },
    ];
    expect(await ask({ blend, personal: false })).toMatchObject({ status: 200, body: { votes: 1 } });
  });

  it('never takes another user’s', async () => {
    const { ask } = await setUp();
    const blend = [
      { user: 'anna', weight: 0.5 },
      { user: 'ben', weight: 0.5 },
    ];
    expect(await ask({ blend })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  it('names the rewards that it knows when it does not know one', async () => {
    const { ask } = await setUp();
    const { status, body } = await ask({ blend: [{ reward: 'loud', weight: 1 }] });
    expect([status, body]).toEqual([
      400,
      { code: 'invalid_request', message: 'blend: there is no reward loud; known are: bright, calm.' },
    ]);
  });

  it('refuses a blend that would change nothing', async () => {
    const { ask } = await setUp({ trainedWith: null });
    expect(await ask({ blend: [{ reward: 'calm', weight: 1 }] })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  });
});
