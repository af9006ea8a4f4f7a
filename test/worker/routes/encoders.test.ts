import { describe, expect, it } from 'vitest';
import { EncoderRecord } from '../../../shared/contracts/encoder.ts';
import { floats, safetensorsFile } from '../adapter-files/safetensors-file.ts';
import {
  chooseEncoder,
  makeBasis,
  makeMixture,
  makeSetEncoder,
  postEncoder,
  publishMixture,
  publishSetEncoder,
} from '../encoder/made-encoder.ts';
import { makeNetwork } from '../encoder/made-network.ts';
import { onnxFile } from '../encoder/onnx-file.ts';
import { describeOnHosts, type TestEdge } from '../hosts.ts';
import { makeAdapter, sha256, uploadAdapter, uploadFile } from '../made-adapter.ts';

type Json = Record<string, unknown>;

async function setUp(edge: TestEdge) {
  const project = await edge.createProject();
  await project.createDomain();
  const train = await project.createKey(['train']);
  const post = (input: Json, bearer = train) => postEncoder(edge, bearer, input);
  const upload = async (files: { name: string; bytes: Uint8Array<ArrayBuffer>; sha256: string }[]) => {
    for (const file of files) expect((await uploadFile(edge, train, file)).status).toBeLessThan(300);
  };
  return { project, train, post, upload };
}

describeOnHosts('user encoders', (edge) => {
  it('are registered once, after their files', async () => {
    const { post, upload, train } = await setUp(edge);
    const { input, files } = await makeSetEncoder({ input: { metrics: { accuracy: 0.8 } } });
    expect(await post(input)).toMatchObject({ status: 422, body: { code: 'adapter_missing_file' } });
    await upload(files);
    const created = await post(input);
    expect(created.status).toBe(201);
    expect(EncoderRecord.parse(created.body)).toMatchObject({ encoder: input, replayed: false });
    const again = await post({ ...input, metrics: { accuracy: 0.81 } });
    expect(again).toMatchObject({ status: 200, body: { encoder: input, replayed: true } });
    expect(await post({ ...input, priorUncertainty: 2 })).toMatchObject({
      status: 409,
      body: { code: 'already_exists' },
    });

    const read = await edge.get('GET', `/v1/encoders/${input.sha}`, { bearer: train });
    expect(read).toEqual({ ...created.body, replayed: false });
    const { items } = await edge.get('GET', '/v1/encoders?domain=replies', { bearer: train });
    expect(items).toEqual([read]);
    expect(await edge.get('GET', '/v1/encoders?domain=other', { bearer: train })).toEqual({ items: [] });
    for (const { name, bytes } of files) {
      const path = `${edge.url}/v1/encoders/${input.sha}/files/${name}`;
      const file = await fetch(path, { headers: { authorization: `Bearer ${train}` } });
      expect(new Uint8Array(await file.arrayBuffer())).toEqual(new Uint8Array(bytes));
    }
    const absent = await edge.call('GET', `/v1/encoders/${input.sha}/files/adapter_config.json`, { bearer: train });
    expect(absent.status).toBe(404);
  });

  it('are the same when they are registered twice at once', async () => {
    const { post, upload } = await setUp(edge);
    const { input, files } = await makeSetEncoder();
    await upload(files);
    const answers = await Promise.all([post(input), post(input), post(input)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
  });

  it('of sets are refused when their record is not what their files are', async () => {
    const { post, upload } = await setUp(edge);
    const { input, files } = await makeSetEncoder();
    await upload(files);
    const [network, weights] = input.files as Json[];
    const cases: [changes: Json, status: number, code: string][] = [
      [{ domain: 'nowhere' }, 404, 'not_found'],
      [{ sha: '0'.repeat(64) }, 422, 'hash_mismatch'],
      [{ files: [network, network] }, 400, 'invalid_request'],
      [{ files: [weights] }, 422, 'adapter_missing_file'],
      [{ files: [network, { ...weights, name: 'adapter_config.json' }] }, 422, 'encoder_invalid'],
      [{ files: [network, { ...weights, bytes: 7 }] }, 422, 'adapter_missing_file'],
      [{ prior: [1, 2, 3] }, 400, 'invalid_request'],
      [{ tokens: 3, prior: new Array(9).fill(0) }, 422, 'encoder_invalid'],
      [{ featureSize: 5 }, 422, 'encoder_invalid'],
    ];
    for (const [changes, status, code] of cases) {
      const answer = await post({ ...input, ...changes });
      expect([answer.status, answer.body.code], JSON.stringify(changes)).toEqual([status, code]);
    }
    expect((await post(input)).status).toBe(201);
  });

  it('that onnxruntime cannot run are refused, and it says why', async () => {
    const { post, upload } = await setUp(edge);
    const { graph } = makeNetwork(1);
    const nodes = graph.nodes.map((node) =>
      node.op === 'Squeeze' ? { ...node, inputs: ['spread', 'nothing'] } : node,
    );
    const { input, files } = await makeSetEncoder({ bytes: onnxFile({ ...graph, nodes }) });
    await upload(files);
    const refused = await post(input);
    expect(refused).toMatchObject({ status: 422, body: { code: 'encoder_invalid' } });
    expect(refused.body.message).toMatch(/nothing/);
  });

  it('that make no finite numbers of plain votes are refused', async () => {
    const { post, upload } = await setUp(edge);
    const { graph } = makeNetwork(1);
    // ln of what is below zero
    const nodes = graph.nodes.map((node) => (node.op === 'Relu' ? { ...node, op: 'Log' } : node));
    const { input, files } = await makeSetEncoder({ bytes: onnxFile({ ...graph, nodes }) });
    await upload(files);
    const refused = await post(input);
    expect(refused).toMatchObject({ status: 422, body: { code: 'encoder_invalid' } });
    expect(refused.body.message).toMatch(/gives numbers that are not finite/);
  });

  describe('mixtures', () => {
    it('are registered under the hash of what they say', async () => {
      const { project, post } = await setUp(edge);
      const mixture = makeMixture(await makeBasis(edge, project, 2));
      const created = await post({ ...mixture, metrics: { accuracy: 0.7 } });
      expect(created).toMatchObject({ status: 201, body: { encoder: mixture, replayed: false } });
      expect(await post(mixture)).toMatchObject({ status: 200, body: { replayed: true } });
    });

    it('are refused when they do not add up', async () => {
      const { project, post } = await setUp(edge);
      const basis = await makeBasis(edge, project, 2);
      const cases: [input: Json, status: number, code: string][] = [
        [makeMixture(basis, { sha: '0'.repeat(64) }), 422, 'hash_mismatch'],
        [makeMixture(basis, { space: '0'.repeat(64) }), 422, 'hash_mismatch'],
        [makeMixture([...basis, 'a'.repeat(64)]), 404, 'not_found'],
        [makeMixture([basis[0] as string, basis[0] as string]), 422, 'encoder_invalid'],
        [makeMixture(basis, { domain: 'nowhere' }), 404, 'not_found'],
        [
          withPrecision([
            [1, 2],
            [2, 1],
          ]),
          422,
          'encoder_invalid',
        ],
        [
          withPrecision([
            [1, 0.5],
            [0, 1],
          ]),
          422,
          'encoder_invalid',
        ],
        [
          withPrecision([
            [1, 0],
            [0, 0],
          ]),
          422,
          'encoder_invalid',
        ],
        [withPrecision([[1]]), 400, 'invalid_request'],
        [makeMixture(basis, { featureSize: 3 }), 400, 'invalid_request'],
      ];
      function withPrecision(precision: number[][]): Json {
        return makeMixture(basis, { prior: { mean: [0, 0], precision } });
      }
      for (const [input, status, code] of cases) {
        const answer = await post(input);
        expect([answer.status, answer.body.code], JSON.stringify(input)).toEqual([status, code]);
      }
      expect((await post(makeMixture(basis))).status).toBe(201);
    });

    it('of another base model than the domain’s are refused', async () => {
      const { project, post } = await setUp(edge);
      const basis = await makeBasis(edge, project, 1);
      await project.createDomain({ id: 'other', baseModel: 'larger' });
      const answer = await post(makeMixture(basis, { domain: 'other' }));
      expect(answer).toMatchObject({ status: 409, body: { code: 'base_model_mismatch' } });
    });
  });

  it('are chosen by the domain that they belong to, and by no other', async () => {
    const { project, train } = await setUp(edge);
    await project.createDomain({ id: 'other' });
    const sha = await publishSetEncoder(edge, project, await makeSetEncoder());
    expect(await chooseEncoder(edge, train, sha, 'other')).toMatchObject({
      status: 409,
      body: { code: 'encoder_mismatch' },
    });
    expect((await chooseEncoder(edge, train, '0'.repeat(64))).status).toBe(404);
    expect((await chooseEncoder(edge, train, sha, 'nowhere')).status).toBe(404);
    const none = await chooseEncoder(edge, train, null);
    expect(none).toMatchObject({ status: 200, body: { id: 'replies', encoder: null } });
    expect((await chooseEncoder(edge, project.admin, sha)).body.encoder).toBe(sha);
    expect((await edge.get('GET', '/v1/domains/replies', { bearer: train })).encoder).toBe(sha);
    const mixture = makeMixture(await makeBasis(edge, project, 1));
    await publishMixture(edge, project, mixture);
    expect((await edge.get('GET', '/v1/domains/replies', { bearer: train })).encoder).toBe(mixture.sha);
  });

  it('are named by adapters of their own domain alone', async () => {
    const { project, train } = await setUp(edge);
    await project.createDomain({ id: 'other' });
    const sha = await publishSetEncoder(edge, project, await makeSetEncoder());
    const register = async (domain: string, encoder: string) => {
      const made = await makeAdapter({ input: { encoder } });
      await uploadAdapter(edge, train, made);
      return edge.call('POST', '/v1/adapters', { bearer: train, body: { parent: null, domain, ...made.input } });
    };
    expect(await register('replies', sha)).toMatchObject({ status: 201, body: { encoder: sha } });
    const refused = [await register('other', sha), await register('replies', '0'.repeat(64))];
    for (const answer of refused) expect(answer).toMatchObject({ status: 409, body: { code: 'encoder_mismatch' } });
  });

  it('are a runner’s business', async () => {
    const { project, post } = await setUp(edge);
    const { input } = await makeSetEncoder();
    const infer = await project.createKey(['infer']);
    const ingest = await project.createKey(['ingest']);
    const user = await project.createUserToken('anna');
    for (const bearer of [infer, ingest, user]) {
      expect(await post(input, bearer)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      expect((await chooseEncoder(edge, bearer, null)).status).toBe(403);
    }
    for (const bearer of [ingest, user]) {
      for (const path of [
        '/v1/encoders',
        `/v1/encoders/${input.sha}`,
        `/v1/encoders/${input.sha}/files/encoder.onnx`,
      ]) {
        expect((await edge.call('GET', path, { bearer })).status).toBe(403);
      }
    }
    expect((await edge.call('GET', '/v1/encoders', { bearer: infer })).status).toBe(200);
  });

  it('of other projects are not there', async () => {
    const { project } = await setUp(edge);
    const sha = await publishSetEncoder(edge, project, await makeSetEncoder());
    const other = await edge.createProject();
    expect((await edge.call('GET', `/v1/encoders/${sha}`, { bearer: other.admin })).status).toBe(404);
    expect(await edge.get('GET', '/v1/encoders', { bearer: other.admin })).toEqual({ items: [] });
  });

  it('come in files that are checked', async () => {
    const { train } = await setUp(edge);
    const upload = async (name: string, bytes: Uint8Array<ArrayBuffer>) =>
      uploadFile(edge, train, { name, bytes, sha256: await sha256(bytes) });
    const weights = (value: number) =>
      safetensorsFile({ reads: { dtype: 'F32', shape: [2], data: floats('F32', [1, value]) } });
    expect((await upload('encoder.safetensors', weights(2))).status).toBe(201);
    const { graph } = makeNetwork(2);
    const loop = { ...graph, nodes: [...graph.nodes, { op: 'Loop', inputs: ['one'], outputs: ['more'] }] };
    const refused = [
      await upload('encoder.safetensors', weights(Number.NaN)),
      await upload('encoder.onnx', onnxFile(loop)),
      await upload('encoder.onnx', new Uint8Array(8_000_001)),
      await upload('encoder.onnx', onnxFile(graph).slice(0, 500)),
    ];
    expect(refused.map(({ status, body }) => [status, body.code])).toEqual(new Array(4).fill([422, 'encoder_invalid']));
    expect(refused.map(({ body }) => body.message)).toEqual([
      'encoder.safetensors has a value in tensor reads that is not finite.',
      'encoder.onnx has the operator Loop, which is not allowed.',
      'encoder.onnx is larger than 8 MB.',
      'encoder.onnx ends within its model.',
    ]);
  });
});
