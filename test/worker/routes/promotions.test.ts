import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { AliasMove } from '../../../shared/contracts/adapter.ts';
import { DomainStats } from '../../../shared/contracts/stats.ts';
import { describeOnHosts, type TestEdge } from '../hosts.ts';
import { startInferenceServer } from '../inference-server.ts';
import { makeAdapter, uploadAdapter } from '../made-adapter.ts';
import { importedVotes } from '../votes.ts';

type Json = Record<string, unknown>;
type Vote = { id: string; status: string; batch: string | null; adapter: string | null };

const inference = await startInferenceServer();
afterAll(() => inference.close());
beforeEach(() => inference.reset());

const failed = { name: 'kl', value: 9, low: 8, high: 10, n: 50, bound: 1, passed: false, reason: 'it drifted away' };

async function setUp(edge: TestEdge, domain: Json = {}) {
  const tenant = await edge.createProject();
  await tenant.createDomain({ holdOut: 0, batchSize: 2, maxWaitSeconds: 0, ...domain });
  const train = await tenant.createKey(['train']);
  const ingest = await tenant.createKey(['ingest']);
  const at = (path: string) => `/v1/domains/replies${path}`;
  const lease = () =>
    edge.call('POST', '/v1/batches/lease', { bearer: train, body: { baseModel: 'tiny', runner: 'r' } });
  const promote = (body: Json) => edge.call('POST', at('/promote'), { bearer: tenant.admin, body });
  const rollback = (body: Json = {}) => edge.call('POST', at('/rollback'), { bearer: tenant.admin, body });
  const state = () => edge.get('GET', at(''), { bearer: train });
  const moves = async (): Promise<AliasMove[]> => (await edge.get('GET', at('/moves'), { bearer: train })).items;
  const stats = async () => DomainStats.parse(await edge.get('GET', at('/stats'), { bearer: train }));
  const votes = async (): Promise<Vote[]> =>
    (await edge.get('GET', '/v1/preferences?limit=500', { bearer: ingest })).items;
  const stage = async (sha: string) =>
    (await edge.get('GET', `/v1/adapters/${sha}`, { bearer: train })).stage as string;

  /** One turn of the loop: two votes, a lease, an adapter on top of the head. */
  async function turn(input: Json = {}) {
    await edge.get('POST', '/v1/preferences/bulk', { bearer: ingest, body: { items: importedVotes(2) } });
    const { batch, fence, parent } = (await lease()).body;
    const adapter = await makeAdapter({ input });
    await uploadAdapter(edge, train, adapter);
    const body = { fence, adapter: { ...adapter.input, parent } };
    const complete = () => edge.call('POST', `/v1/batches/${batch}/complete`, { bearer: train, body });
    return { sha: adapter.input.sha, batch: batch as string, complete, answer: await complete() };
  }
  return { tenant, train, lease, promote, rollback, state, moves, stats, votes, stage, turn };
}

describeOnHosts(
  'promotions',
  (edge) => {
    describe('under the policy gates', () => {
      it('a checkpoint whose gates passed is loaded, then served; the one before retires', async () => {
        const { turn, state, moves, stage } = await setUp(edge);
        let liveWhileLoading: unknown;
        const one = await turn();
        inference.behave({
          loading: async () => {
            liveWhileLoading = (await state()).live;
          },
        });
        const two = await turn();
        expect(two.answer.body).toMatchObject({
          live: true,
          reason: null,
          adapter: { stage: 'live', parent: one.sha },
        });
        expect(inference.loads).toEqual([one.sha, two.sha]);
        expect(liveWhileLoading).toBe(one.sha);
        expect(await state()).toMatchObject({ head: two.sha, live: two.sha });
        expect(await stage(one.sha)).toBe('retired');
        expect(await moves()).toMatchObject([
          { from: one.sha, to: two.sha, action: 'promote', actor: 'gates', freed: 0 },
          { from: null, to: one.sha, action: 'promote', actor: 'gates' },
        ]);
      });

      it('a failed gate moves the head and leaves the alias, with the reason', async () => {
        const { turn, state, lease } = await setUp(edge);
        const good = await turn();
        const bad = await turn({ gates: [failed] });
        expect(bad.answer.body).toMatchObject({ live: false, adapter: { stage: 'staged' } });
        expect(bad.answer.body.reason).toContain('it drifted away');
        expect(await state()).toMatchObject({ head: bad.sha, live: good.sha });
        inference.reset();
        await lease();
        expect(inference.loads).toEqual([]);
        const next = await turn();
        expect(next.answer.body).toMatchObject({ live: true, adapter: { parent: bad.sha } });
      });

      it('a bound of the domain without its gate is a gate that did not pass', async () => {
        const { turn } = await setUp(edge, { gates: { maxDisplacement: 1 } });
        const { answer } = await turn();
        expect(answer.body).toMatchObject({ live: false, reason: 'The gate displacement was not measured.' });
      });

      it('what cannot be loaded stays staged, and the next lease tries again', async () => {
        const { turn, state, lease, stage } = await setUp(edge);
        inference.behave({ failLoad: 'no memory left' });
        const { sha, answer, complete } = await turn();
        expect(answer).toMatchObject({ status: 200, body: { live: false, adapter: { stage: 'staged' } } });
        expect(answer.body.reason).toContain('no memory left');
        expect(await state()).toMatchObject({ head: sha, live: null });
        inference.behave({ failLoad: null, differs: false });
        expect((await complete()).body.reason).toContain('those of the base');
        inference.behave({ differs: true });
        expect((await lease()).status).toBe(204);
        expect(await state()).toMatchObject({ head: sha, live: sha });
        expect(await stage(sha)).toBe('live');
        expect((await complete()).body).toMatchObject({ live: true, replayed: true });
      });

      it('a checkpoint that loads slowly does not push a newer one aside', async () => {
        const { turn, state, stage } = await setUp(edge);
        let release = () => {};
        const held = new Promise<void>((resolve) => {
          release = resolve;
        });
        const shas: string[] = [];
        inference.behave({
          loading: (sha) => {
            shas.push(sha);
            return shas.length === 1 ? held : undefined;
          },
        });
        const slow = turn();
        while (shas.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
        const fast = await turn();
        release();
        const { answer, sha } = await slow;
        expect(fast.answer.body.live).toBe(true);
        expect(answer.body).toMatchObject({ live: false, reason: 'A newer adapter is live.' });
        expect(await state()).toMatchObject({ head: fast.sha, live: fast.sha });
        expect(await stage(sha)).toBe('staged');
      });
    });

    describe('an operator', () => {
      it('may serve a staged adapter, and one whose gates failed only by force', async () => {
        const { turn, promote, state, tenant, moves } = await setUp(edge);
        const good = await turn();
        const bad = await turn({ gates: [failed] });
        expect(await promote({ adapter: bad.sha })).toMatchObject({ status: 409, body: { code: 'gate_failed' } });
        expect((await state()).live).toBe(good.sha);
        const { status, body } = await promote({ adapter: bad.sha, force: true, note: 'for the record' });
        expect(status).toBe(200);
        expect(body).toMatchObject({
          domain: 'replies',
          from: good.sha,
          to: bad.sha,
          action: 'promote',
          note: 'for the record',
        });
        expect(tenant.admin).toContain(body.actor);
        expect(inference.loads.at(-1)).toBe(bad.sha);
        expect((await moves())[0]).toEqual(body);
        expect(await promote({ adapter: bad.sha, force: true })).toMatchObject({
          status: 409,
          body: { code: 'already_exists' },
        });
        expect(await promote({ adapter: 'a'.repeat(64) })).toMatchObject({ status: 404, body: { code: 'not_found' } });
      });

      it('serves nothing that does not load, or that makes no difference', async () => {
        const { turn, promote, state } = await setUp(edge);
        inference.behave({ failLoad: 'broken' });
        const { sha } = await turn();
        expect(await promote({ adapter: sha })).toMatchObject({ status: 502, body: { code: 'probe_failed' } });
        inference.behave({ failLoad: null, differs: false });
        expect(await promote({ adapter: sha })).toMatchObject({ status: 502, body: { code: 'probe_failed' } });
        expect((await state()).live).toBeNull();
      });

      it('rolls back to what was live before, step by step, and never past the base', async () => {
        const { turn, rollback, state, stage, lease } = await setUp(edge);
        const [one, two, three] = [await turn(), await turn(), await turn()];
        inference.reset();
        expect((await rollback({ note: 'complaints' })).body).toMatchObject({
          from: three.sha,
          to: two.sha,
          action: 'rollback',
          freed: 0,
        });
        expect(await state()).toMatchObject({ head: three.sha, live: two.sha });
        expect([await stage(three.sha), await stage(two.sha)]).toEqual(['retired', 'live']);
        await lease();
        expect((await state()).live).toBe(two.sha);
        expect((await rollback()).body).toMatchObject({ to: one.sha });
        expect((await rollback()).body).toMatchObject({ to: null });
        expect(await rollback()).toMatchObject({ status: 409, body: { code: 'no_previous_adapter' } });
        expect((await rollback({ adapter: three.sha })).body).toMatchObject({ from: null, to: three.sha });
        expect(await rollback({ adapter: three.sha })).toMatchObject({ status: 409, body: { code: 'already_exists' } });
        expect(inference.loads).toEqual([]);
      });

      it('does not roll back to what was never live, nor to what is not there', async () => {
        const { turn, rollback } = await setUp(edge);
        await turn();
        const bad = await turn({ gates: [failed] });
        expect(await rollback({ adapter: bad.sha })).toMatchObject({
          status: 409,
          body: { code: 'no_previous_adapter' },
        });
        expect(await rollback({ adapter: 'a'.repeat(64) })).toMatchObject({ status: 404 });
      });

      it('rewinds: the head goes back as well, and the votes consumed since wait again', async () => {
        const { turn, rollback, state, stage, votes, stats, lease } = await setUp(edge);
        const [one, two, three] = [await turn(), await turn(), await turn()];
        const before = await votes();
        const { status, body } = await rollback({ adapter: one.sha, rewind: true });
        expect([status, body.freed]).toEqual([200, 4]);
        expect(await state()).toMatchObject({ head: one.sha, live: one.sha });
        expect([await stage(one.sha), await stage(two.sha), await stage(three.sha)]).toEqual([
          'live',
          'retired',
          'retired',
        ]);
        const after = await votes();
        expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
        expect(after.map(({ status, batch }) => [status, batch !== null])).toEqual([
          ['consumed', true],
          ['consumed', true],
          ...new Array(4).fill(['waiting', false]),
        ]);
        expect((await stats()).preferences).toMatchObject({ consumed: 2, waiting: 4 });
        const again = (await lease()).body;
        expect(again).toMatchObject({ parent: one.sha, fence: 1 });
        expect(again.examples.map(({ preference }: Json) => preference)).toEqual(after.slice(2, 4).map(({ id }) => id));
      });

      it('rewinds to the base, and only along the line of the head', async () => {
        const { turn, rollback, state, votes } = await setUp(edge);
        const one = await turn();
        await turn();
        expect((await rollback({ adapter: null, rewind: true })).body).toMatchObject({ to: null, freed: 4 });
        expect(await state()).toMatchObject({ head: null, live: null });
        expect((await votes()).every(({ status, adapter }) => status === 'waiting' && adapter === null)).toBe(true);
        const other = await turn();
        expect(other.answer.body.adapter.parent).toBeNull();
        expect(await rollback({ adapter: one.sha, rewind: true })).toMatchObject({
          status: 400,
          body: { code: 'invalid_request' },
        });
      });

      it('needs an admin key', async () => {
        const { train } = await setUp(edge);
        for (const path of ['promote', 'rollback']) {
          const answer = await edge.call('POST', `/v1/domains/replies/${path}`, {
            bearer: train,
            body: { adapter: 'a'.repeat(64) },
          });
          expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
        }
        const { rollback } = await setUp(edge);
        expect((await rollback({ adapter: 'short' })).status).toBe(400);
      });
    });

    it('a vote that was replaced while it was learned from does not come back by a rewind', async () => {
      const { tenant, rollback, votes, train, lease } = await setUp(edge, { batchSize: 1 });
      const ingest = await tenant.createKey(['ingest']);
      const [vote] = importedVotes(1, { user: 'anna' });
      const send = (items: Json[]) => edge.get('POST', '/v1/preferences/bulk', { bearer: ingest, body: { items } });
      await send([vote as Json]);
      const { batch, fence } = (await lease()).body;
      const newer = { ...vote, id: crypto.randomUUID(), choice: { type: 'tie' }, supersedes: vote?.id };
      await send([newer]);
      const adapter = await makeAdapter();
      await uploadAdapter(edge, train, adapter);
      const body = { fence, adapter: { ...adapter.input, parent: null } };
      await edge.get('POST', `/v1/batches/${batch}/complete`, { bearer: train, body });
      expect((await votes()).map(({ status }) => status)).toEqual(['consumed', 'waiting']);
      expect((await rollback({ rewind: true })).body).toMatchObject({ to: null, freed: 0 });
      expect((await votes()).map(({ status }) => status)).toEqual(['superseded', 'waiting']);
    });

    it('are seen in the statistics, beside exact counts', async () => {
      const { turn, stats, tenant, votes, rollback } = await setUp(edge);
      const ingest = await tenant.createKey(['ingest']);
      const [one, two] = [await turn(), await turn({ gates: [failed] })];
      const items = [...importedVotes(3), ...importedVotes(2).map((vote) => ({ ...vote, choice: { type: 'skip' } }))];
      await edge.get('POST', '/v1/preferences/bulk', { bearer: ingest, body: { items } });
      const shown = await stats();
      expect(shown.preferences).toEqual({
        waiting: 3,
        batched: 0,
        consumed: 4,
        heldOut: 0,
        notTrainable: 2,
        superseded: 0,
        quarantined: 0,
      });
      const counted = Object.groupBy(await votes(), ({ status }) => status);
      for (const [status, some] of Object.entries(counted)) {
        expect(shown.preferences).toMatchObject({ [status]: some?.length });
      }
      expect(shown.notTrainable).toEqual({ skip: 2 });
      expect(shown.batches).toEqual({ ready: 0, leased: 0, completed: 2, quarantined: 0 });
      expect(shown.adapters.map(({ sha }) => sha)).toEqual([one.sha, two.sha]);
      expect(shown.moves).toHaveLength(1);
      await rollback();
      expect((await stats()).moves.map(({ action }) => action)).toEqual(['rollback', 'promote']);
    });
  },
  { INFERENCE_URL: inference.url },
);
