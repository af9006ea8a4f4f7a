import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, vi } from 'vitest';
import { tastePosterior, uncertainty } from '../../../shared/math/taste-posterior.ts';
import {
  castVotes,
  chooseEncoder,
  makeBasis,
  makeMixture,
  makeSetEncoder,
  publishMixture,
  publishSetEncoder,
  tasteVote,
} from '../encoder/made-encoder.ts';
import { type OnnxGraph, onnxFile } from '../encoder/onnx-file.ts';
import { describeOnHosts, type TestEdge } from '../hosts.ts';

async function setUp(edge: TestEdge) {
  const project = await edge.createProject();
  await project.createDomain();
  const read = (user: string, bearer = project.admin, domain = 'replies') =>
    edge.call('GET', `/v1/users/${user}/embedding?domain=${domain}`, { bearer });
  const cast = (...votes: unknown[]) => castVotes(edge, project.admin, votes);
  return { project, read, cast };
}

async function setUpSet(edge: TestEdge, seed?: number) {
  const made = await setUp(edge);
  const encoder = await makeSetEncoder(seed === undefined ? {} : { seed });
  const sha = await publishSetEncoder(edge, made.project, encoder);
  return { ...made, encoder, sha };
}

/** Numbers between -1 and 1 that are not alike. */
const vector = (n: number, size = 4) => Array.from({ length: size }, (_, i) => Math.sin(7 * n + 3 * i));
const pair = (n: number) => [vector(n), vector(n + 0.5)];

function expectClose(found: number[], expected: readonly number[], within = 1e-5): void {
  expect(found).toHaveLength(expected.length);
  found.forEach((value, at) => {
    expect(Math.abs(value - (expected[at] as number)), `${value} is not ${expected[at]}`).toBeLessThan(within);
  });
}

/** The graph with ln(x + 3/4) before all else. */
function readingLogarithms(graph: OnnxGraph): OnnxGraph {
  const nodes = graph.nodes.map((node) => (node.outputs[0] === 'both' ? { ...node, outputs: ['joined'] } : node));
  nodes.splice(
    1,
    0,
    { op: 'Add', inputs: ['joined', 'shift'], outputs: ['shifted'] },
    { op: 'Log', inputs: ['shifted'], outputs: ['both'] },
  );
  return { ...graph, nodes, constants: { ...graph.constants, shift: { dims: [1], floats: [0.75] } } };
}

/** What each host says of the same votes. */
const said = new Map<string, number[]>();

describeOnHosts('embeddings', (edge) => {
  describe('of a set encoder', () => {
    it('are the prior for somebody who has not voted', async () => {
      const { read, sha, encoder } = await setUpSet(edge);
      const { status, body, headers } = await read('anna');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        ...{ user: 'anna', domain: 'replies', encoder: sha, kind: 'set', votes: 0, tokens: 2, width: 3 },
        ...{ values: encoder.network.prior, uncertainty: [1], unusable: [] },
      });
      expect(headers.get('server-timing')).toBeNull();
    });

    it('are what onnxruntime makes of any number of votes, from 1 to 64', async () => {
      const { project, cast, encoder } = await setUpSet(edge, 11);
      const token = await project.createUserToken('anna', ['collect']);
      const seen = [];
      for (let n = 1; n <= 64; n++) {
        await cast(tasteVote('anna', pair(n)));
        seen.unshift({ chosen: vector(n), rejected: vector(n + 0.5), weight: 1 });
        const answer = await edge.call('GET', '/v1/users/anna/embedding?domain=replies', { bearer: token });
        expect(answer.body.votes).toBe(n);
        const expected = encoder.network.embed(seen);
        expectClose(answer.body.values, expected.embedding);
        expectClose(answer.body.uncertainty, [expected.uncertainty]);
        expect(answer.headers.get('server-timing')).toMatch(
          /^encoder;dur=[\d.]+;desc="onnxruntime-web 1\.30\.0", embedding;dur=[\d.]+$/,
        );
      }
      await cast(tasteVote('anna', pair(65)));
      seen.unshift({ chosen: vector(65), rejected: vector(65.5), weight: 1 });
      const { body } = await edge.call('GET', '/v1/users/anna/embedding?domain=replies', { bearer: token });
      expect(body.votes).toBe(64);
      said.set(edge.host, [...body.values, ...body.uncertainty]);
      expectClose(body.values, encoder.network.embed(seen.slice(0, 64)).embedding);
    }, 120_000);

    it('do not depend on the order of the votes', async () => {
      const { read, cast } = await setUpSet(edge);
      const votes = Array.from({ length: 24 }, (_, n) => pair(n));
      await cast(...votes.map((features) => tasteVote('forth', features)));
      await cast(...votes.toReversed().map((features) => tasteVote('back', features)));
      const [forth, back] = [await read('forth'), await read('back')];
      expect(back.body.votes).toBe(24);
      expectClose(back.body.values, forth.body.values, 1e-6);
    });

    it('take one among k as k − 1 pairs that share its weight, and a ranking as all its pairs', async () => {
      const { read, cast, encoder } = await setUpSet(edge);
      const [a, b, c] = [vector(1), vector(2), vector(3)];
      await cast(tasteVote('anna', [a, b, c], { weight: 0.6 }));
      const ranked = tasteVote('ben', [a, b, c], { kind: 'ranking' });
      const [first, second, third] = ranked.comparison.candidates.map(({ id }) => id);
      await cast({ ...ranked, choice: { type: 'ranking', ranking: [[third], [first, second]] } });
      const rated = tasteVote('cleo', [a, b], { kind: 'rating' });
      const ratings = rated.comparison.candidates.map(({ id }, i) => ({ candidate: id, rating: i }));
      await cast({ ...rated, choice: { type: 'rating', ratings }, confidence: 0.75 });
      const expected = {
        anna: [
          { chosen: a, rejected: b, weight: 0.3 },
          { chosen: a, rejected: c, weight: 0.3 },
        ],
        ben: [
          { chosen: c, rejected: a, weight: 0.5 },
          { chosen: c, rejected: b, weight: 0.5 },
        ],
        cleo: [{ chosen: b, rejected: a, weight: 0.5 }],
      };
      for (const [user, votes] of Object.entries(expected)) {
        const { body } = await read(user);
        expect(body).toMatchObject({ votes: 1, unusable: [] });
        expectClose(body.values, encoder.network.embed(votes).embedding);
      }
    });

    it('leave out votes that say nothing, each with its reason', async () => {
      const { read, cast, encoder } = await setUpSet(edge);
      const votes = {
        noOrder: tasteVote('anna', pair(1), { choice: { type: 'tie' } }),
        noFeatures: tasteVote('anna', [vector(1), null]),
        otherSpace: tasteVote('anna', pair(2), {}, '6'.repeat(64)),
        wrongLength: tasteVote('anna', [vector(1, 5), vector(2, 5)]),
        notFinite: tasteVote('anna', [vector(1), [1, null, 2, 3]]),
      };
      const reasons = Object.entries(votes).map(([reason, { id }]) => ({ preference: id, reason }));
      await cast(...Object.values(votes));
      const nothing = await read('anna');
      expect(nothing.body).toMatchObject({ votes: 0, values: encoder.network.prior, uncertainty: [1] });
      expect(nothing.body.unusable).toEqual(reasons.toReversed());
      await cast(
        tasteVote('anna', pair(3), { choice: { type: 'bothBad' } }),
        tasteVote('anna', pair(4), { choice: { type: 'skip' } }),
        tasteVote('anna', pair(5), { weight: 0 }),
        tasteVote('anna', [vector(1), [1, 1e39, 2, 3]]),
        tasteVote('anna', pair(6)),
      );
      const { body } = await read('anna');
      expect(body.votes).toBe(1);
      expect(body.unusable.slice(0, 4).map(({ reason }: { reason: string }) => reason)).toEqual([
        'notFinite',
        'noOrder',
        'noOrder',
        'noOrder',
      ]);
      const said = [{ chosen: vector(6), rejected: vector(6.5), weight: 1 }];
      expectClose(body.values, encoder.network.embed(said).embedding);
    });

    it('are computed again after a vote, a changed mind and another encoder, and not otherwise', async () => {
      const { project, read, cast, encoder } = await setUpSet(edge);
      const vote = tasteVote('anna', pair(1));
      await cast(vote);
      const first = await read('anna');
      const again = await read('anna');
      expect(again.headers.get('server-timing')).toBeNull();
      expect(again.body).toEqual(first.body);

      const [, other] = vote.comparison.candidates;
      const changed = { ...tasteVote('anna', pair(1)), comparison: vote.comparison, supersedes: vote.id };
      await cast({ ...changed, choice: { type: 'pair', chosen: other?.id } });
      const { body } = await read('anna');
      expect(body.votes).toBe(1);
      const turned = [{ chosen: vector(1.5), rejected: vector(1), weight: 1 }];
      expectClose(body.values, encoder.network.embed(turned).embedding);

      const second = await makeSetEncoder();
      const sha = await publishSetEncoder(edge, project, second);
      const under = await read('anna');
      expect(under.body.encoder).toBe(sha);
      expectClose(under.body.values, second.network.embed(turned).embedding);
      await chooseEncoder(edge, project.admin, encoder.input.sha);
      const back = await read('anna');
      expect(back.headers.get('server-timing')).toBeNull();
      expect(back.body).toEqual(body);
    });

    it('are kept after the answer, and the next process has them', async () => {
      const { read, cast, sha } = await setUpSet(edge);
      await cast(tasteVote('anna', pair(1)));
      const { body } = await read('anna');
      await vi.waitFor(async () => expect(await storedEmbedding(edge, sha)).toEqual(body.values));
      await edge.crash();
      const again = await read('anna');
      expect(again.headers.get('server-timing')).toBeNull();
      expect(again.body).toEqual(body);
    });

    it('are computed again when the process ended before they were kept', async () => {
      const { read, cast } = await setUpSet(edge);
      await cast(tasteVote('anna', pair(1)));
      const { body } = await read('anna');
      await edge.crash();
      const { values, uncertainty, votes } = (await read('anna')).body;
      expect({ values, uncertainty, votes }).toEqual({
        values: body.values,
        uncertainty: body.uncertainty,
        votes: 1,
      });
    });

    it('do not mind being asked for many times at once', async () => {
      const { read, cast, encoder } = await setUpSet(edge);
      const users = Array.from({ length: 4 }, (_, n) => `user-${n}`);
      await cast(...users.map((user, n) => tasteVote(user, pair(n))));
      const answers = await Promise.all(Array.from({ length: 24 }, (_, i) => read(users[i % 4] as string)));
      answers.forEach(({ status, body }, i) => {
        expect(status).toBe(200);
        const n = i % 4;
        const said = [{ chosen: vector(n), rejected: vector(n + 0.5), weight: 1 }];
        expectClose(body.values, encoder.network.embed(said).embedding);
      });
    });

    it('do not wait for callers who left while the runtime was being opened', async () => {
      const { project, read, cast, encoder } = await setUpSet(edge);
      const users = Array.from({ length: 8 }, (_, n) => `user-${n}`);
      await cast(...users.map((user, n) => tasteVote(user, pair(n))));
      await edge.restart();
      const leave = users.map(async (user, n) => {
        const signal = AbortSignal.timeout(20 * n);
        const headers = { authorization: `Bearer ${project.admin}` };
        await fetch(`${edge.url}/v1/users/${user}/embedding?domain=replies`, { headers, signal }).catch(() => {});
      });
      await Promise.all(leave);
      const answers = await Promise.all(users.map((user) => read(user)));
      for (const [n, { status, body }] of answers.entries()) {
        expect(status).toBe(200);
        const said = [{ chosen: vector(n), rejected: vector(n + 0.5), weight: 1 }];
        expectClose(body.values, encoder.network.embed(said).embedding);
      }
    });

    it('of more encoders than are kept ready come out right', async () => {
      const { project, read, cast } = await setUp(edge);
      await cast(tasteVote('anna', pair(1)));
      const encoders = await Promise.all(Array.from({ length: 7 }, () => makeSetEncoder()));
      for (const encoder of encoders) await publishSetEncoder(edge, project, encoder);
      for (const encoder of encoders) {
        await cast(tasteVote('anna', pair(1), { choice: { type: 'skip' } }));
        await chooseEncoder(edge, project.admin, encoder.input.sha);
        const { body } = await read('anna');
        const said = [{ chosen: vector(1), rejected: vector(1.5), weight: 1 }];
        expectClose(body.values, encoder.network.embed(said).embedding);
      }
    });

    it('leave out votes that the network makes no number of, and say so', async () => {
      const { project, read, cast } = await setUp(edge);
      const { network } = await makeSetEncoder();
      // ln of a number below zero is none; the votes that it is tried with are all above -1/2.
      const encoder = await makeSetEncoder({ bytes: onnxFile(readingLogarithms(network.graph)) });
      await publishSetEncoder(edge, project, encoder);
      const [good, other, bad] = [
        [0.1, 0.2, 0.3, 0.4],
        [0.4, 0.3, 0.2, 0.1],
        [0, 0, 0, -2],
      ];
      const ln = (values: number[]) => values.map((value) => Math.log(value + 0.75));
      const votes = [
        tasteVote('anna', [good, other]),
        tasteVote('anna', [good, bad]),
        tasteVote('anna', [other, good]),
      ];
      await cast(...votes);
      const { status, body } = await read('anna');
      expect(status).toBe(200);
      expect(body).toMatchObject({ votes: 2, unusable: [{ preference: votes[1]?.id, reason: 'overflow' }] });
      const said = [
        { chosen: ln(other), rejected: ln(good), weight: 1 },
        { chosen: ln(good), rejected: ln(other), weight: 1 },
      ];
      expectClose(body.values, network.embed(said).embedding);
      expectClose(body.uncertainty, [1 / 3]);
      const { items } = await edge.get('GET', '/v1/preferences?domain=replies', { bearer: project.admin });
      expect(items).toHaveLength(3);

      await cast(tasteVote('ben', [good, bad]));
      const nothing = await read('ben');
      expect(nothing.body).toMatchObject({ votes: 0, values: encoder.network.prior, uncertainty: [1] });
      expect(nothing.body.unusable).toMatchObject([{ reason: 'overflow' }]);
    });

    it('stay as they were when the encoder fails, and the votes too', async () => {
      const { project, read, cast } = await setUp(edge);
      const { graph } = (await makeSetEncoder()).network;
      // ln of a number below zero is none: any vote can be read, and no four of them; it is tried with three at most.
      const nodes = graph.nodes.map((node) => (node.outputs[0] === 'flat' ? { ...node, outputs: ['open'] } : node));
      const at = nodes.findIndex(({ op }) => op === 'Reshape');
      nodes.splice(
        at,
        0,
        { op: 'Sub', inputs: ['limit', 'total'], outputs: ['room'] },
        { op: 'Log', inputs: ['room'], outputs: ['order'] },
        { op: 'Add', inputs: ['open', 'order'], outputs: ['flat'] },
      );
      const constants = { ...graph.constants, limit: { dims: [1, 1], floats: [3.5] } };
      const encoder = await makeSetEncoder({ bytes: onnxFile({ ...graph, nodes, constants }) });
      const sha = await publishSetEncoder(edge, project, encoder);
      await cast(...[1, 2, 3].map((n) => tasteVote('anna', pair(n))));
      const before = await read('anna');
      expect(before.status).toBe(200);
      await cast(tasteVote('anna', pair(4)));
      const failed = await read('anna');
      expect(failed).toMatchObject({ status: 422, body: { code: 'encoder_invalid' } });
      expect(failed.body.message).toBe(`The encoder ${sha} cannot be run: it gives numbers that are not finite`);
      await vi.waitFor(async () => expect(await storedEmbedding(edge, sha)).toEqual(before.body.values));

      const { items } = await edge.get('GET', '/v1/preferences?domain=replies', { bearer: project.admin });
      expect(items).toHaveLength(4);
      const statuses = items.map(({ status }: { status: string }) => status);
      expect(['waiting', 'heldOut']).toEqual(expect.arrayContaining(statuses));
      const replaced = { ...tasteVote('anna', pair(1)), supersedes: items[3].id };
      await cast({ ...replaced, comparison: items[3].comparison.id, choice: { type: 'skip' } });
      expect((await read('anna')).body.values).toEqual(before.body.values);
    });
  });

  describe('of a mixture', () => {
    async function setUpMixture(input: Record<string, unknown> = {}) {
      const made = await setUp(edge);
      const basis = await makeBasis(edge, made.project, 3);
      const mixture = makeMixture(basis, input);
      await publishMixture(edge, made.project, mixture);
      const cast = (user: string, features: number[][], rest = {}) =>
        made.cast(tasteVote(user, features, rest, String(mixture.space)));
      return { ...made, mixture, cast };
    }
    const prior = { mean: [0.2, 0, 0], precision: [0, 1, 2].map((i) => [0, 1, 2].map((j) => Number(i === j))) };

    it('are weights from the prior on', async () => {
      const { read, mixture } = await setUpMixture();
      const { body } = await read('anna');
      expect(body).toMatchObject({ kind: 'mixture', encoder: mixture.sha, votes: 0, tokens: 1, width: 3 });
      expectClose(body.values, [0.1, 0, 0], 1e-12);
      expectClose(body.uncertainty, [0.5, 0.5, 0.5], 1e-12);
    });

    it('are the posterior of the votes, to weights of adapters', async () => {
      const { read, cast } = await setUpMixture();
      const votes = Array.from({ length: 6 }, (_, n) => [vector(n, 3), vector(n + 0.3, 3)] as const);
      for (const [chosen, rejected] of votes) await cast('anna', [chosen, rejected], { confidence: 0.9 });
      const { body } = await read('anna');
      const contrasts = votes.map(([chosen, rejected]) => {
        const difference = chosen.map((value, k) => 2 * (value - (rejected[k] as number)));
        return { difference, probability: 0.9 };
      });
      const taste = tastePosterior(contrasts, prior);
      expect(body.votes).toBe(6);
      expectClose(
        body.values,
        taste.mean.map((each) => each / 2),
        1e-9,
      );
      expectClose(
        body.uncertainty,
        uncertainty(taste).map((each) => each / 2),
        1e-9,
      );
      const again = await read('anna');
      expect(again.body).toEqual(body);
    });

    it('never sum to more than is served', async () => {
      const { read, cast } = await setUpMixture({ strength: 50 });
      for (let n = 0; n < 5; n++) await cast('anna', [vector(n, 3), vector(n + 0.3, 3)]);
      const { values } = (await read('anna')).body;
      const sum = values.reduce((total: number, value: number) => total + Math.abs(value), 0);
      expect(sum).toBeCloseTo(1.5, 9);
    });
  });

  it('are shown to their owner and to an admin key alone', async () => {
    const { project, read } = await setUpSet(edge);
    expect((await read('anna', await project.createUserToken('anna', ['infer']))).status).toBe(200);
    const strangers = [
      await project.createUserToken('ben'),
      await project.createKey(['ingest', 'train', 'infer']),
      (await edge.createProject()).admin,
    ];
    const answers = await Promise.all(strangers.map((bearer) => read('anna', bearer)));
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [403, 'forbidden'],
      [403, 'forbidden'],
      [404, 'not_found'],
    ]);
    const page = { origin: 'https://shop.example' };
    const open = await edge.createProject({ allowedOrigins: [page.origin] });
    const bearer = await open.createKey([], 'public');
    const call = { bearer, headers: page };
    expect((await edge.call('GET', '/v1/users/anna/embedding?domain=replies', call)).status).toBe(403);
  });

  it('are not there in a domain without an encoder, or without a domain', async () => {
    const { read, project } = await setUp(edge);
    expect(await read('anna')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect((await read('anna')).body.message).toContain('no user encoder');
    expect((await read('anna', project.admin, 'nowhere')).status).toBe(404);
    expect((await read('an%20na')).status).toBe(400);
  });
});

it('embeddings are the same numbers on both hosts', () => {
  expectClose(said.get('deno') as number[], said.get('workers') as number[], 1e-7);
});

async function storedEmbedding(edge: TestEdge, encoder: string): Promise<unknown> {
  const files = await readdir(edge.folder, { recursive: true });
  const file = files.find((name) => /edge\.sqlite$|D1DatabaseObject\/[0-9a-f]{64}\.sqlite$/.test(name)) ?? '';
  const database = new DatabaseSync(join(edge.folder, file), { readOnly: true });
  try {
    const row = database.prepare('SELECT "values" FROM embedding WHERE encoder = ?').get(encoder);
    return row && JSON.parse(String(row.values));
  } finally {
    database.close();
  }
}
