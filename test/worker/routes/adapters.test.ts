import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AdapterRecord } from '../../../shared/contracts/adapter.ts';
import { manifestSha } from '../../../worker/adapter-files/manifest.ts';
import { adapterConfig, floats, loraTensors, MODULES, safetensorsFile } from '../adapter-files/safetensors-file.ts';
import { describeOnHosts, type TestEdge } from '../hosts.ts';
import { makeAdapter, sha256, uploadAdapter, uploadFile } from '../made-adapter.ts';

type Json = Record<string, unknown>;
type Bytes = Uint8Array<ArrayBuffer>;

async function setUp(edge: TestEdge) {
  const tenant = await edge.createProject();
  await tenant.createDomain();
  const train = await tenant.createKey(['train']);
  const upload = async (name: string, bytes: Bytes, hash?: string) =>
    uploadFile(edge, train, { name, bytes, sha256: hash ?? (await sha256(bytes)) });
  const register = (input: Json) =>
    edge.call('POST', '/v1/adapters', { bearer: train, body: { parent: null, domain: 'replies', ...input } });
  const download = (sha: string, name: string, bearer = train) =>
    fetch(`${edge.url}/v1/adapters/${sha}/files/${name}`, { headers: { authorization: `Bearer ${bearer}` } });
  return { tenant, train, upload, register, download };
}

const MODEL = 'adapter_model.safetensors';

/** Hashes of all files below a folder: the bucket's objects are among them, whatever they are called. */
async function storedHashes(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  // A temporary file may be gone by now: then it holds nothing.
  const contents = await Promise.all(files.map((path) => readFile(path).catch(() => Buffer.of())));
  return Promise.all(contents.map((content) => sha256(new Uint8Array(content))));
}

describeOnHosts('adapters', (edge) => {
  describe('an upload', () => {
    it('is kept under its hash, once', async () => {
      const { upload } = await setUp(edge);
      const bytes = safetensorsFile(loraTensors(MODULES));
      const receipt = { name: MODEL, sha256: await sha256(bytes), bytes: bytes.length };
      expect(await upload(MODEL, bytes)).toMatchObject({ status: 201, body: { ...receipt, replayed: false } });
      expect(await upload(MODEL, bytes)).toMatchObject({ status: 200, body: { ...receipt, replayed: true } });
    });

    it('of several megabytes is checked to its last byte', async () => {
      const { upload, register, download } = await setUp(edge);
      const modules = ['model.layers.0.mlp.down_proj', 'model.layers.0.self_attn.q_proj'];
      const tensors = loraTensors(modules, { rank: 256, width: 2048, dtype: 'F32' });
      const bytes = safetensorsFile(tensors);
      expect(bytes.length).toBeGreaterThan(8_000_000);
      expect((await upload(MODEL, bytes)).status).toBe(201);
      const adapter = await makeAdapter({
        files: { [MODEL]: bytes, 'adapter_config.json': adapterConfig({ r: 256 }) },
      });
      expect((await upload('adapter_config.json', adapterConfig({ r: 256 }))).status).toBe(201);
      expect((await register(adapter.input)).status).toBe(201);
      const received = new Uint8Array(await (await download(adapter.input.sha, MODEL)).arrayBuffer());
      expect(await sha256(received)).toBe(await sha256(bytes));
      const spoilt = bytes.slice();
      spoilt.set(floats('F32', [Number.NaN]), bytes.length - 4);
      expect(await upload(MODEL, spoilt)).toMatchObject({ status: 422, body: { code: 'adapter_invalid' } });
      spoilt.set([0x20], 8);
      expect(await upload(MODEL, spoilt)).toMatchObject({ status: 422, body: { code: 'adapter_invalid' } });
    });

    it('that is not what it should be is refused, and nothing of it is kept', async () => {
      const { upload, register, train } = await setUp(edge);
      const good = safetensorsFile(loraTensors(MODULES));
      const lora = loraTensors(MODULES);
      const [name] = Object.keys(lora) as [string];
      const edited = (edit: (header: string) => string) => safetensorsFile(lora, { edit });
      const cases: [what: string, file: string, bytes: Bytes, message: RegExp][] = [
        ['truncated', MODEL, good.slice(0, -10), /bytes of data/],
        ['truncated in its header', MODEL, good.slice(0, 100), /ends before its header/],
        ['a pickle', MODEL, Uint8Array.from([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, ...good]), /pickle/],
        ['a zip of pickles', MODEL, Uint8Array.from([0x50, 0x4b, 3, 4, ...good]), /pickle/],
        ['overlapping tensors', MODEL, edited((header) => header.replace('[64,128]', '[0,64]')), /overlapping|gap/],
        ['duplicate header keys', MODEL, edited((header) => header.replace('{', `{"${name}":{},`)), /twice/],
        [
          'NaN weights',
          MODEL,
          safetensorsFile({
            ...lora,
            [name]: { dtype: 'BF16', shape: [4, 8], data: floats('BF16', new Array(32).fill(Number.NaN)) },
          }),
          /not finite/,
        ],
        ['two ranks', MODEL, safetensorsFile({ ...lora, ...loraTensors(['x'], { rank: 2 }) }), /mixes the ranks/],
        [
          'full weights',
          MODEL,
          safetensorsFile({
            ...lora,
            'base_model.model.lm_head.weight': { dtype: 'F32', shape: [1], data: floats('F32', [1]) },
          }),
          /no LoRA/,
        ],
        ['modules_to_save', 'adapter_config.json', adapterConfig({ modules_to_save: ['lm_head'] }), /modules_to_save/],
        ['empty', MODEL, new Uint8Array(0), /empty|content-length/],
      ];
      for (const [what, file, bytes, message] of cases) {
        const answer = await upload(file, bytes);
        expect(answer.body.message, what).toMatch(message);
        if (what !== 'empty') expect(answer, what).toMatchObject({ status: 422, body: { code: 'adapter_invalid' } });
        const hash = await sha256(bytes);
        if (bytes.length > 0) expect(await storedHashes(edge.folder), what).not.toContain(hash);
        const files = [{ name: file, sha256: hash, bytes: Math.max(1, bytes.length) }];
        const adapter = await makeAdapter();
        const others = adapter.files.filter((one) => one.name !== file);
        await Promise.all(others.map((one) => uploadFile(edge, train, one)));
        const all = [
          ...files,
          ...others.map((one) => ({ name: one.name, sha256: one.sha256, bytes: one.bytes.length })),
        ];
        const registered = await register({ ...adapter.input, files: all, sha: await manifestSha(all) });
        expect(registered, what).toMatchObject({ status: 422, body: { code: 'adapter_missing_file' } });
      }
    });

    it('that breaks off leaves nothing behind, and can be sent again', async () => {
      const { train, upload } = await setUp(edge);
      const bytes = safetensorsFile(loraTensors(MODULES, { width: 4096 }));
      const hash = await sha256(bytes);
      const headers = { authorization: `Bearer ${train}`, 'content-length': bytes.length };
      const broken = request(`${edge.url}/v1/adapters/files/${hash}?name=${MODEL}`, { method: 'PUT', headers });
      const closed = new Promise((resolve) => broken.on('error', resolve).on('close', resolve));
      broken.write(bytes.subarray(0, bytes.length / 2), () => setTimeout(() => broken.destroy(), 100));
      await closed;
      expect(await storedHashes(edge.folder)).not.toContain(hash);
      expect(await upload(MODEL, bytes)).toMatchObject({ status: 201, body: { replayed: false } });
      expect(await storedHashes(edge.folder)).toContain(hash);
    });

    it('that has another hash than it claims is refused', async () => {
      const { upload } = await setUp(edge);
      const bytes = safetensorsFile(loraTensors(MODULES));
      expect(await upload(MODEL, bytes, 'a'.repeat(64))).toMatchObject({
        status: 422,
        body: { code: 'hash_mismatch' },
      });
      expect(await upload(MODEL, bytes, 'short')).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    });

    it('of any other name is refused: no pickle by its name, no path', async () => {
      const { upload } = await setUp(edge);
      for (const name of ['adapter_model.bin', 'pytorch_model.bin', 'x.pkl', '..%2Fadapter_config.json', 'README.md']) {
        const answer = await upload(name, adapterConfig());
        expect(answer, name).toMatchObject({ status: 422, body: { code: 'adapter_invalid' } });
      }
    });

    it('larger than a request may be is refused before it is read', async () => {
      const { train } = await setUp(edge);
      const { status, body } = await edge.call('PUT', `/v1/adapters/files/${'a'.repeat(64)}?name=${MODEL}`, {
        bearer: train,
        raw: new Uint8Array(95_000_001),
      });
      expect([status, body.code]).toEqual([413, 'too_large']);
    });

    it('needs a key that may train', async () => {
      const { tenant } = await setUp(edge);
      const file = (await makeAdapter()).files[0] as { name: string; bytes: Bytes; sha256: string };
      expect(await uploadFile(edge, await tenant.createKey(['ingest', 'infer']), file)).toMatchObject({ status: 403 });
    });
  });

  describe('a registration', () => {
    it('adds a staged adapter once, with what was said of it', async () => {
      const { train, register } = await setUp(edge);
      const adapter = await makeAdapter({
        files: { 'state.safetensors': safetensorsFile({ step: { dtype: 'I64', shape: [], data: new Uint8Array(8) } }) },
      });
      await uploadAdapter(edge, train, adapter);
      const { status, body } = await register(adapter.input);
      expect(status).toBe(201);
      expect(AdapterRecord.parse(body)).toMatchObject({
        ...adapter.input,
        recipe: { method: 'dpo', rank: 16 },
        stage: 'staged',
        batches: [],
        preferences: 0,
        liveAt: null,
      });
      expect(await register(adapter.input)).toMatchObject({ status: 200, body: { sha: adapter.input.sha } });
      const other = await register({ ...adapter.input, metrics: { loss: 1 } });
      expect(other).toMatchObject({ status: 409, body: { code: 'already_exists' } });
      const list = await edge.get('GET', '/v1/adapters?domain=replies', { bearer: train });
      expect(list.items).toEqual([body]);
      expect(await edge.get('GET', `/v1/adapters/${adapter.input.sha}`, { bearer: train })).toEqual(body);
    });

    it('keeps every loss; a list shows the means of equal stretches of a long curve', async () => {
      const { train, register } = await setUp(edge);
      const losses = Array.from({ length: 10_000 }, (_, step) => step);
      const adapter = await makeAdapter({ input: { losses } });
      await uploadAdapter(edge, train, adapter);
      const { status, body } = await register(adapter.input);
      expect([status, body.losses]).toEqual([201, losses]);
      expect(await register(adapter.input)).toMatchObject({ status: 200, body: { losses } });
      const whole = await edge.get('GET', `/v1/adapters/${adapter.input.sha}`, { bearer: train });
      expect(whole.losses).toEqual(losses);
      const thin = Array.from({ length: 200 }, (_, stretch) => 50 * stretch + 24.5);
      const list = await edge.get('GET', '/v1/adapters?domain=replies', { bearer: train });
      const stats = await edge.get('GET', '/v1/domains/replies/stats', { bearer: train });
      expect([list.items[0].losses, stats.adapters[0].losses]).toEqual([thin, thin]);
    });

    it('hands out the files, to those who serve as well, and to no other project', async () => {
      const { tenant, train, register, download } = await setUp(edge);
      const adapter = await makeAdapter();
      await uploadAdapter(edge, train, adapter);
      await register(adapter.input);
      const infer = await tenant.createKey(['infer']);
      for (const { name, bytes, sha256: hash } of adapter.files) {
        const response = await download(adapter.input.sha, name, infer);
        expect(response.headers.get('content-length')).toBe(String(bytes.length));
        expect(response.headers.get('etag')).toBe(`"${hash}"`);
        expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
      }
      expect((await download(adapter.input.sha, 'state.safetensors')).status).toBe(404);
      expect((await download(adapter.input.sha, 'weights.bin')).status).toBe(400);
      expect((await download(adapter.input.sha, MODEL, await tenant.createKey(['ingest']))).status).toBe(403);
      const stranger = await setUp(edge);
      expect((await download(adapter.input.sha, MODEL, stranger.train)).status).toBe(404);
      expect((await stranger.register(adapter.input)).body.code).toBe('adapter_missing_file');
    });

    it('that does not hold together is refused', async () => {
      const { train, register, tenant } = await setUp(edge);
      const adapter = await makeAdapter();
      const rank = await makeAdapter({ files: { 'adapter_config.json': adapterConfig({ r: 8 }) } });
      const targets = await makeAdapter({
        files: { 'adapter_config.json': adapterConfig({ target_modules: ['v_proj'] }) },
      });
      for (const one of [adapter, rank, targets]) await uploadAdapter(edge, train, one);
      const [config, model] = adapter.input.files as Json[];
      await tenant.createDomain({ id: 'large', baseModel: 'Qwen/Qwen2.5-0.5B-Instruct' });
      const cases: [Json, string][] = [
        [rank.input, 'adapter_invalid'],
        [targets.input, 'adapter_invalid'],
        [{ ...adapter.input, sha: 'b'.repeat(64) }, 'hash_mismatch'],
        [{ ...adapter.input, files: [model, model] }, 'invalid_request'],
        [{ ...adapter.input, files: [config, { ...model, bytes: 7 }] }, 'adapter_missing_file'],
        [{ ...adapter.input, baseModel: 'other' }, 'base_model_mismatch'],
        [{ ...adapter.input, domain: 'large' }, 'base_model_mismatch'],
        [{ ...adapter.input, domain: 'nowhere' }, 'not_found'],
        [{ ...adapter.input, parent: 'c'.repeat(64) }, 'not_found'],
        [{ ...adapter.input, files: [] }, 'invalid_request'],
        [{ ...adapter.input, losses: ['NaN'] }, 'invalid_request'],
      ];
      for (const [input, code] of cases) {
        expect((await register(input)).body, JSON.stringify(input)).toMatchObject({ code });
      }
      expect((await register(adapter.input)).status).toBe(201);
      const child = await makeAdapter({ input: { parent: adapter.input.sha, baseFingerprint: 'e'.repeat(64) } });
      await uploadAdapter(edge, train, child);
      expect((await register(child.input)).body.code).toBe('base_model_mismatch');
      expect((await register({ ...child.input, baseFingerprint: adapter.input.baseFingerprint })).status).toBe(201);
    });
  });
});
