import { describe, expect, it } from 'vitest';
import { uuidv7 } from '../../../shared/math/uuidv7.ts';
import { describeOnHosts, type TestEdge } from '../hosts.ts';
import { startInferenceServer } from '../inference-server.ts';
import { sha256 } from '../made-adapter.ts';
import { makePixel, png, putImage } from '../made-image.ts';

const inference = await startInferenceServer();

async function setUp(edge: TestEdge, method = 'diffusion-dpo') {
  const project = await edge.createProject();
  await project.createDomain({
    id: 'sprites',
    baseModel: 'tiny-diffusion',
    recipe: { method },
    holdOut: 0,
    maxWaitSeconds: 0,
  });
  const pixel = () => makePixel(edge, project.admin);
  const call = (verb: string, path: string, body?: unknown, bearer = project.admin) =>
    edge.call(verb, path, { bearer, body });
  return { project, pixel, call };
}

const candidate = (hash: string) => ({ id: uuidv7(), content: { type: 'image', sha256: hash } });

function vote(hashes: string[], rest: Record<string, unknown> = {}) {
  const candidates = hashes.map(candidate);
  const comparison = { domain: 'sprites', prompt: { text: 'a red creature' }, candidates };
  return { id: uuidv7(), comparison, choice: { type: 'pair', chosen: candidates[0]?.id }, ...rest };
}

describeOnHosts(
  'images',
  (edge) => {
    describe('uploads', () => {
      it('are kept under their hash and shown to whoever knows it, without a key', async () => {
        const { project } = await setUp(edge);
        const bytes = png(77, 3, 2);
        const hash = await sha256(bytes);
        const first = await putImage(edge, project.admin, hash, bytes);
        const facts = { sha256: hash, mediaType: 'image/png', width: 3, height: 2, bytes: bytes.length };
        expect(first).toMatchObject({ status: 201, body: { ...facts, replayed: false } });
        expect(await putImage(edge, project.admin, hash, bytes)).toMatchObject({
          status: 200,
          body: { replayed: true },
        });

        const shown = await fetch(`${edge.url}/v1/images/${project.id}/${hash}`);
        expect(shown.status).toBe(200);
        expect(new Uint8Array(await shown.arrayBuffer())).toEqual(bytes);
        expect(Object.fromEntries(shown.headers)).toMatchObject({
          'content-type': 'image/png',
          'cache-control': 'public, max-age=31536000, immutable',
          'x-content-type-options': 'nosniff',
          'content-security-policy': "default-src 'none'; sandbox",
        });
        const own = await fetch(`${edge.url}/v1/images/${hash}`, {
          headers: { authorization: `Bearer ${project.admin}` },
        });
        expect(new Uint8Array(await own.arrayBuffer())).toEqual(bytes);
        const other = await edge.createProject();
        expect((await fetch(`${edge.url}/v1/images/${other.id}/${hash}`)).status).toBe(404);
      });

      it('are refused, and nothing is kept, when they are no picture, too large, or not what their name says', async () => {
        const { project } = await setUp(edge);
        const refused = async (bytes: Uint8Array<ArrayBuffer>, code: string, hash?: string) => {
          const name = hash ?? (await sha256(bytes));
          expect(await putImage(edge, project.admin, name, bytes)).toMatchObject({ body: { code } });
          expect((await fetch(`${edge.url}/v1/images/${project.id}/${name}`)).status).toBe(404);
        };
        await refused(new TextEncoder().encode('<svg onload="alert(1)"/>'), 'image_invalid');
        await refused(new Uint8Array(), 'image_invalid');
        await refused(png(1, 10_000, 5_001), 'too_large');
        await refused(png(2), 'hash_mismatch', '0'.repeat(64));
        const huge = new Uint8Array(20_000_001);
        huge.set(png(3));
        await refused(huge, 'too_large');
      });

      it('are for those who may collect', async () => {
        const { project } = await setUp(edge);
        const bytes = png(5);
        const hash = await sha256(bytes);
        expect((await putImage(edge, await project.createKey(['infer']), hash, bytes)).status).toBe(403);
        expect((await putImage(edge, await project.createUserToken('anna', ['infer']), hash, bytes)).status).toBe(403);
        expect((await putImage(edge, await project.createUserToken('anna', ['collect']), hash, bytes)).status).toBe(
          201,
        );
      });
    });

    describe('votes on pictures', () => {
      it('become examples with pictures in the place of texts', async () => {
        const { pixel, call } = await setUp(edge);
        const hashes = [await pixel(), await pixel(), await pixel()];
        const { body } = await call('POST', '/v1/preferences/bulk', { items: [vote(hashes, { user: 'anna' })] });
        expect(body).toMatchObject({ created: 1, items: [{ status: 'waiting' }] });
        const lease = await call('POST', '/v1/batches/lease', { baseModel: 'tiny-diffusion', runner: 'test' });
        const [example] = lease.body.examples;
        expect(example).toMatchObject({ completions: [], images: hashes, prompt: { text: 'a red creature' } });
        expect(example.pairs).toHaveLength(2);
        expect(example.pairs.map(({ weight }: { weight: number }) => weight)).toEqual([0.5, 0.5]);
      });

      it('are refused one by one where a picture is not there', async () => {
        const { pixel, call } = await setUp(edge);
        const known = await pixel();
        const items = [vote([known, 'a'.repeat(64)]), vote([known, await pixel()])];
        const { body } = await call('POST', '/v1/preferences/bulk', { items });
        expect(body.items).toMatchObject([{ result: 'rejected', code: 'not_found' }, { result: 'created' }]);
        expect(body.items[0].message).toContain('upload it first');
        const candidates = [known, 'b'.repeat(64)].map(candidate);
        const dealt = await call('POST', '/v1/comparisons', { domain: 'sprites', prompt: { text: 'x' }, candidates });
        expect(dealt).toMatchObject({ status: 404, body: { code: 'not_found' } });
      });

      it('never stand beside texts, and have no steps', async () => {
        const { pixel, call } = await setUp(edge);
        const hash = await pixel();
        const text = { id: uuidv7(), content: { type: 'text', text: 'words' } };
        const mixed = { domain: 'sprites', prompt: { text: 'x' }, candidates: [candidate(hash), text] };
        expect(await call('POST', '/v1/comparisons', mixed)).toMatchObject({
          status: 400,
          body: { code: 'invalid_request' },
        });
        const steps = { ...mixed, kind: 'steps', candidates: [candidate(hash), candidate(await pixel())] };
        expect(await call('POST', '/v1/comparisons', steps)).toMatchObject({ status: 400 });
      });

      it('that a recipe cannot use end with the reason', async () => {
        const { pixel, call } = await setUp(edge, 'ppd');
        const same = await pixel();
        const reasons = async (item: unknown) =>
          (await call('POST', '/v1/preferences/bulk', { items: [item] })).body.items[0].notTrainable;
        expect(await reasons(vote([same, await pixel()]))).toBe('needsUser');
        expect(await reasons(vote([same, await pixel()], { user: 'anna' }))).toBeUndefined();
        expect(await reasons(vote([same, same], { user: 'anna' }))).toBe('equalTexts');
        const texts = vote([same, same], { user: 'anna' });
        texts.comparison.candidates.forEach((each, at) => {
          Object.assign(each, { content: { type: 'text', text: `text ${at}` } });
        });
        expect(await reasons(texts)).toBe('needsImages');
        const { pixel: other, call: write } = await setUp(edge, 'dpo');
        const item = vote([await other(), await other()]);
        expect((await write('POST', '/v1/preferences/bulk', { items: [item] })).body.items[0].notTrainable).toBe(
          'needsText',
        );
      });
    });

    describe('of the domain’s model', () => {
      it('are dealt with what made them, and their features', async () => {
        inference.reset();
        const space = 'c'.repeat(64);
        inference.behave({ see: (seed) => ({ space, values: [seed, 1] }) });
        const { call } = await setUp(edge);
        const asked = { domain: 'sprites', prompt: { text: 'a red creature' }, k: 3, seed: 40 };
        const { status, body } = await call('POST', '/v1/comparisons', asked);
        expect(status).toBe(201);
        expect(inference.asked).toEqual([{ model: 'base', prompt: 'a red creature', n: 3, seed: 40, features: true }]);
        expect(body.candidates.every(({ content }: { content: { type: string } }) => content.type === 'image')).toBe(
          true,
        );
        expect(body.candidates[0].features).toBeUndefined();
        const record = (await call('GET', `/v1/comparisons/${body.id}`)).body;
        const seeds = record.candidates.map(({ origin }: { origin: { seed: number } }) => origin.seed).sort();
        expect(seeds).toEqual([40, 41, 42]);
        const voted = { id: uuidv7(), comparison: body.id, choice: { type: 'pair', chosen: body.candidates[1].id } };
        expect((await call('POST', '/v1/preferences', { ...voted, user: 'anna' })).status).toBe(201);
      });

      it('differ most, of more that are drawn, as far as their features say', async () => {
        inference.reset();
        const space = 'c'.repeat(64);
        const { project, call } = await setUp(edge);
        const asked = { domain: 'sprites', prompt: { text: 'a red creature' }, k: 2, draws: 5, seed: 40 };
        const seeds = async () => {
          const { body } = await call('POST', '/v1/comparisons', asked);
          const record = (await call('GET', `/v1/comparisons/${body.id}`)).body;
          return record.candidates.map(({ origin }: { origin: { seed: number } }) => origin.seed).sort();
        };
        const places: Record<number, number> = { 40: 5, 41: 0, 42: 4, 43: 9, 44: 5 };
        inference.behave({ see: (seed) => ({ space, values: [places[seed] ?? 0, 1] }) });
        expect(await seeds()).toEqual([41, 43]);
        const isKept = async (seed: number) => {
          return (await fetch(`${edge.url}/v1/images/${project.id}/${await sha256(png(seed))}`)).ok;
        };
        expect(await Promise.all([40, 41, 42, 43, 44].map(isKept))).toEqual([false, true, false, true, false]);
        inference.behave({ see: (seed) => ({ space, values: seed === 42 ? [1] : [seed, 1] }) });
        expect(await seeds()).toEqual([40, 41]);
        inference.behave({ see: (seed) => ({ space: seed === 42 ? 'd'.repeat(64) : space, values: [seed] }) });
        expect(await seeds()).toEqual([40, 41]);
      });

      it('are generated for a user, by address or as bytes, and dealt to be voted on', async () => {
        inference.reset();
        const { project, call } = await setUp(edge);
        const token = await project.createUserToken('anna');
        const request = { model: 'sprites', prompt: 'a creature', n: 2, seed: 7 };
        const { status, body, headers } = await call('POST', '/v1/images/generations', request, token);
        expect(status).toBe(200);
        expect(headers.get('x-prefloop-adapter')).toBe('base');
        expect(body).toMatchObject({ personal: null, data: [{ seed: 7 }, { seed: 8 }] });
        const shown = await fetch(body.data[0].url);
        expect(new Uint8Array(await shown.arrayBuffer())).toEqual(png(7));
        const dealt = await call('GET', `/v1/comparisons/${body.comparison}`);
        expect(dealt.body.candidates).toHaveLength(2);

        const bytes = { ...request, n: 1, response_format: 'b64_json' };
        const one = await call('POST', '/v1/images/generations', bytes, await project.createKey(['infer']));
        expect(one.body.data[0].b64_json).toBe(Buffer.from(png(7)).toString('base64'));
        expect(one.body.comparison).toBeNull();
        const collector = await project.createUserToken('anna', ['collect']);
        expect((await call('POST', '/v1/images/generations', bytes, collector)).status).toBe(403);
      });

      it('are never passed on when the back end draws something else', async () => {
        const { call } = await setUp(edge);
        const request = { model: 'sprites', prompt: 'a creature' };
        for (const draw of [() => Buffer.from('<svg/>').toString('base64'), () => '%%%']) {
          inference.reset();
          inference.behave({ draw });
          expect(await call('POST', '/v1/images/generations', request)).toMatchObject({
            ...{ status: 502, body: { code: 'inference_failed' } },
          });
        }
        inference.reset();
        inference.behave({ adapter: 'd'.repeat(64) });
        expect((await call('POST', '/v1/images/generations', request)).status).toBe(502);
        inference.reset();
      });
    });
  },
  { INFERENCE_URL: inference.url },
);
