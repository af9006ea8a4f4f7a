import { describe, expect, it } from 'vitest';
import { CompletionResult, Lease } from '../../../shared/contracts/batch.ts';
import { uuidv7 } from '../../../shared/math/uuidv7.ts';
import { describeOnHosts, type TestEdge } from '../hosts.ts';
import { type MadeAdapter, makeAdapter, uploadAdapter } from '../made-adapter.ts';
import { importedVote, importedVotes } from '../votes.ts';

type Json = Record<string, unknown>;
type Vote = { id: string; status: string; batch: string | null; adapter: string | null; notTrainable: string | null };

async function setUp(edge: TestEdge, domain: Json = {}) {
  const tenant = await edge.createProject();
  await tenant.createDomain({ holdOut: 0, batchSize: 4, maxWaitSeconds: 0, ...domain });
  const train = await tenant.createKey(['train']);
  const ingest = await tenant.createKey(['ingest']);
  const post = (path: string, body: Json, bearer = train) => edge.call('POST', path, { bearer, body });

  const send = async (votes: Json[]) =>
    (await post('/v1/preferences/bulk', { items: votes }, ingest)).body.items as Json[];
  const votes = async (): Promise<Vote[]> =>
    (await edge.get('GET', '/v1/preferences?limit=500', { bearer: ingest })).items;
  const lease = (body: Json = {}) => post('/v1/batches/lease', { baseModel: 'tiny', runner: 'runner-1', ...body });
  const leased = async (body: Json = {}): Promise<Lease> => Lease.parse((await lease(body)).body);
  const end = (batch: string, how: string, body: Json, bearer?: string) =>
    post(`/v1/batches/${batch}/${how}`, body, bearer);
  const batch = (id: string) => edge.get('GET', `/v1/batches/${id}`, { bearer: train });

  /** Uploads an adapter trained on top of the lease's parent; `complete` sends it. */
  async function trained({ batch, fence, parent }: Lease, made: Parameters<typeof makeAdapter>[0] = {}) {
    const adapter = await makeAdapter(made);
    await uploadAdapter(edge, train, adapter);
    const body = { fence, adapter: { ...adapter.input, parent } };
    return { adapter, body, complete: (rest: Json = {}) => end(batch, 'complete', { ...body, ...rest }) };
  }
  return { tenant, train, ingest, send, votes, lease, leased, end, batch, trained };
}

const ids = (examples: { preference: string }[]) => examples.map(({ preference }) => preference);

describeOnHosts('batches', (edge) => {
  describe('a lease', () => {
    it('is the oldest waiting votes as examples, in order of arrival, and nobody else gets them', async () => {
      const { send, lease, leased, votes } = await setUp(edge, {
        recipe: { method: 'ofs-dpo', rank: 8 },
        gates: { minAccuracy: 0.5 },
      });
      const sent = importedVotes(6);
      await send(sent);
      const held = await leased();
      expect(ids(held.examples)).toEqual(sent.slice(0, 4).map(({ id }) => id));
      expect(held).toMatchObject({ domain: 'replies', fence: 1, attempt: 1, baseModel: 'tiny', parent: null });
      expect(held).toMatchObject({ recipe: { method: 'ofs-dpo', rank: 8 }, gates: { minAccuracy: 0.5 } });
      expect(held.expiresAt - held.now).toBe(120_000);
      expect(held.examples[0]).toMatchObject({
        completions: ['A good answer to 0.', 'A bad answer to 0.'],
        pairs: [{ chosen: 0, rejected: 1, p: 1, weight: 1 }],
      });
      expect(ids((await leased()).examples)).toEqual(sent.slice(4).map(({ id }) => id));
      expect((await lease()).status).toBe(204);
      expect((await votes()).every(({ status, batch }) => status === 'batched' && batch !== null)).toBe(true);
    });

    it('waits for a full batch, or for the oldest vote to have waited long enough', async () => {
      const { send, lease, leased, tenant } = await setUp(edge, { maxWaitSeconds: 3600 });
      await send(importedVotes(3));
      expect((await lease()).status).toBe(204);
      await send([importedVote(4)]);
      expect((await leased()).examples).toHaveLength(4);
      await send(importedVotes(3));
      expect((await lease()).status).toBe(204);
      const patched = edge.call('PATCH', '/v1/domains/replies', {
        bearer: tenant.admin,
        body: { maxWaitSeconds: 0.2 },
      });
      expect((await patched).status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 250));
      expect((await leased()).examples).toHaveLength(3);
    });

    it('goes to the domain whose votes have waited longest', async () => {
      const { send, leased, tenant } = await setUp(edge);
      await tenant.createDomain({ id: 'other', holdOut: 0, batchSize: 4, maxWaitSeconds: 0 });
      await tenant.createDomain({ id: 'foreign', baseModel: 'large', holdOut: 0, batchSize: 4, maxWaitSeconds: 0 });
      const to = (domain: string) =>
        importedVotes(4).map((vote) => ({ ...vote, comparison: { ...vote.comparison, domain } }));
      await send(to('foreign'));
      await send(to('other'));
      await new Promise((resolve) => setTimeout(resolve, 5));
      await send([...to('replies'), ...to('other')]);
      const order = [await leased(), await leased(), await leased()].map(({ domain }) => domain);
      expect(order[0]).toBe('other');
      expect(order.toSorted()).toEqual(['other', 'other', 'replies']);
      expect((await leased({ baseModel: 'large' })).domain).toBe('foreign');
    });

    it('asked for on a base model that the domain does not name is refused', async () => {
      const { lease, send, votes } = await setUp(edge);
      await send(importedVotes(4));
      const mismatch = { status: 409, body: { code: 'base_model_mismatch' } };
      expect(await lease({ baseModel: 'gpt2' })).toMatchObject(mismatch);
      expect(await lease({ baseModel: 'gpt2', domains: ['replies'] })).toMatchObject(mismatch);
      expect(await lease({ domains: ['nowhere'] })).toMatchObject({ status: 404, body: { code: 'not_found' } });
      expect(await lease({ domains: [] })).toMatchObject({ status: 400 });
      expect((await votes()).every(({ status }) => status === 'waiting')).toBe(true);
      const bare = await (await edge.createProject()).createKey(['train']);
      const nothing = edge.call('POST', '/v1/batches/lease', { bearer: bare, body: { baseModel: 'x', runner: 'r' } });
      expect((await nothing).status).toBe(204);
    });

    it('needs a key that may train', async () => {
      const { tenant, ingest } = await setUp(edge);
      const body = { baseModel: 'tiny', runner: 'r' };
      for (const bearer of [ingest, await tenant.createUserToken('anna'), await tenant.createKey(['infer'])]) {
        const answer = await edge.call('POST', '/v1/batches/lease', { bearer, body });
        expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      }
    });
  });

  describe('an expired lease', () => {
    it('is leased again whole, under a higher fence, before fresh votes; its holder is too late for everything', async () => {
      const { send, leased, end, trained, votes } = await setUp(edge, { leaseSeconds: 1 });
      const sent = importedVotes(8);
      await send(sent);
      const first = await leased();
      const late = await trained(first);
      await new Promise((resolve) => setTimeout(resolve, 1050));
      const expired = { status: 409, body: { code: 'lease_expired' } };
      expect(await end(first.batch, 'heartbeat', { fence: 1 })).toMatchObject(expired);
      expect(await late.complete()).toMatchObject(expired);
      const second = await leased({ runner: 'runner-2' });
      expect(second).toMatchObject({ batch: first.batch, fence: 2, attempt: 2 });
      expect(second.examples).toEqual(first.examples);
      const stale = { status: 409, body: { code: 'stale_fence' } };
      expect(await end(first.batch, 'heartbeat', { fence: 1 })).toMatchObject(stale);
      expect(await late.complete()).toMatchObject(stale);
      expect(await end(first.batch, 'fail', { fence: 1, reason: 'late' })).toMatchObject(stale);
      expect(
        await end(first.batch, 'dismiss', { fence: 1, notTrainable: [{ preference: sent[0]?.id, reason: 'tooLong' }] }),
      ).toMatchObject(stale);
      expect((await votes()).filter(({ status }) => status === 'consumed')).toEqual([]);
    });

    it('does not expire while it is renewed in time', async () => {
      const { send, leased, end, lease } = await setUp(edge, { leaseSeconds: 3 });
      await send(importedVotes(4));
      const held = await leased();
      for (let beat = 0; beat < 3; beat += 1) {
        await new Promise((resolve) => setTimeout(resolve, 1200));
        const { status, body } = await end(held.batch, 'heartbeat', { fence: 1 });
        expect([status, body.expiresAt - body.now]).toEqual([200, 3000]);
        expect((await lease()).status).toBe(204);
      }
    });
  });

  describe('a completion', () => {
    it('consumes the votes, adds the adapter and moves the head, together', async () => {
      const { send, leased, trained, votes, batch, train } = await setUp(edge);
      await send(importedVotes(4));
      const held = await leased();
      const { complete, adapter } = await trained(held);
      const { status, body } = await complete();
      expect(status, JSON.stringify(body)).toBe(200);
      const result = CompletionResult.parse(body);
      expect(result).toMatchObject({ live: true, reason: null, replayed: false });
      expect(result.adapter).toMatchObject({
        sha: adapter.input.sha,
        parent: null,
        stage: 'live',
        batches: [held.batch],
        preferences: 4,
      });
      expect(result.adapter.oldestVoteAt).toBeGreaterThan(0);
      expect(result.adapter.liveAt).toBeGreaterThan(0);
      for (const vote of await votes()) {
        expect(vote).toMatchObject({ status: 'consumed', batch: held.batch, adapter: adapter.input.sha });
      }
      expect(await batch(held.batch)).toMatchObject({ state: 'completed', adapter: adapter.input.sha });
      const domain = await edge.get('GET', '/v1/domains/replies', { bearer: train });
      expect(domain).toMatchObject({ head: adapter.input.sha, live: adapter.input.sha });
    });

    it('keeps every loss of a long training, and shows few of them in lists', async () => {
      const { send, leased, trained, train } = await setUp(edge);
      await send(importedVotes(4));
      const losses = Array.from({ length: 400 }, (_, step) => step);
      const { complete, adapter } = await trained(await leased(), { input: { losses } });
      expect((await complete()).body.adapter.losses).toEqual(losses);
      const [listed] = (await edge.get('GET', '/v1/adapters', { bearer: train })).items;
      expect(listed).toMatchObject({ sha: adapter.input.sha, gates: adapter.input.gates });
      expect(listed.losses).toEqual(Array.from({ length: 200 }, (_, stretch) => 2 * stretch + 0.5));
    });

    it('said again gets the first answer, and changes nothing', async () => {
      const { send, leased, trained, votes, end } = await setUp(edge);
      await send(importedVotes(4));
      const held = await leased();
      const { complete, body } = await trained(held);
      const answers = await Promise.all([complete(), complete(), complete()]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(answers.map((answer) => answer.body.replayed).sort()).toEqual([false, true, true]);
      const again = await complete();
      expect(again.body).toMatchObject({ replayed: true, live: true, adapter: answers[0]?.body.adapter });
      expect((await votes()).filter(({ status }) => status === 'consumed')).toHaveLength(4);
      const other = await trained(held);
      expect(await other.complete()).toMatchObject({ status: 409, body: { code: 'batch_finished' } });
      expect(await end(held.batch, 'complete', { ...body, fence: 7 })).toMatchObject({
        status: 409,
        body: { code: 'stale_fence' },
      });
      expect(await end(held.batch, 'heartbeat', { fence: 1 })).toMatchObject({
        status: 409,
        body: { code: 'batch_finished' },
      });
      expect(await end(uuidv7(), 'complete', body)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    });

    it('on a stale parent is refused, keeps its lease, and goes through on top of the new head', async () => {
      const { send, leased, trained, votes, end, train } = await setUp(edge);
      await send(importedVotes(8));
      const [one, two] = [await leased(), await leased()];
      const [first, second] = [await trained(one), await trained(two)];
      expect((await first.complete()).status).toBe(200);
      expect(await second.complete()).toMatchObject({ status: 409, body: { code: 'stale_parent' } });
      expect((await end(two.batch, 'heartbeat', { fence: two.fence })).status).toBe(200);
      expect((await votes()).filter(({ status }) => status === 'consumed')).toHaveLength(4);
      const again = await trained({ ...two, parent: first.adapter.input.sha });
      expect((await again.complete()).body).toMatchObject({ live: true, adapter: { parent: first.adapter.input.sha } });
      const { items } = await edge.get('GET', '/v1/adapters?domain=replies', { bearer: train });
      expect(items.map(({ sha, stage }: Json) => [sha, stage])).toEqual([
        [again.adapter.input.sha, 'live'],
        [first.adapter.input.sha, 'retired'],
      ]);
    });

    it('of two at once on one head lets one through', async () => {
      const { send, leased, trained, votes } = await setUp(edge);
      await send(importedVotes(8));
      const held = [await leased(), await leased()];
      const made = await Promise.all(held.map((lease) => trained(lease)));
      const answers = await Promise.all(made.map(({ complete }) => complete()));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
      expect(answers.find(({ status }) => status === 409)?.body.code).toBe('stale_parent');
      expect((await votes()).filter(({ status }) => status === 'consumed')).toHaveLength(4);
    });

    it('with an adapter that cannot join is refused, and the batch is still held', async () => {
      const { send, leased, trained, end, votes, batch } = await setUp(edge);
      await send(importedVotes(4));
      const held = await leased();
      const made = await trained(held);
      const { adapter, fence } = made.body;
      const notUploaded = await makeAdapter();
      const stranger = [{ preference: uuidv7(), reason: 'tooLong' }];
      const everyone = ids(held.examples).map((preference) => ({ preference, reason: 'tooLong' }));
      const cases: [Json, number, string][] = [
        [{ adapter: { ...adapter, ...notUploaded.input } }, 422, 'adapter_missing_file'],
        [{ adapter: { ...adapter, sha: 'a'.repeat(64) } }, 422, 'hash_mismatch'],
        [{ adapter: { ...adapter, baseModel: 'gpt2' } }, 409, 'base_model_mismatch'],
        [{ adapter: { ...adapter, parent: 'b'.repeat(64) } }, 409, 'stale_parent'],
        [{ adapter, notTrainable: stranger }, 400, 'invalid_request'],
        [{ adapter, notTrainable: everyone }, 400, 'invalid_request'],
        [{ adapter: { ...adapter, colour: 'red' } }, 400, 'invalid_request'],
      ];
      for (const [body, status, code] of cases) {
        expect(await end(held.batch, 'complete', { fence, ...body }), code).toMatchObject({ status, body: { code } });
      }
      expect((await votes()).every(({ status }) => status === 'batched')).toBe(true);
      expect(await batch(held.batch)).toMatchObject({ state: 'leased' });
      expect((await made.complete()).status).toBe(200);
    });

    it('reports the members that could not be trained on, and does not consume them', async () => {
      const { send, leased, trained, votes } = await setUp(edge);
      await send(importedVotes(4));
      const held = await leased();
      const [first, second] = ids(held.examples);
      const { complete } = await trained(held);
      const notTrainable = [
        { preference: first, reason: 'tooLong' },
        { preference: second, reason: 'equalTokens' },
      ];
      expect((await complete({ notTrainable })).body.adapter.preferences).toBe(2);
      expect((await votes()).map(({ status, notTrainable }) => [status, notTrainable])).toEqual([
        ['notTrainable', 'tooLong'],
        ['notTrainable', 'equalTokens'],
        ['consumed', null],
        ['consumed', null],
      ]);
      expect((await votes())[0]?.adapter).toBeNull();
    });

    it('with weights that exist already is refused: training that changes nothing is a fault', async () => {
      const { send, leased, trained } = await setUp(edge);
      await send(importedVotes(8));
      const one = await leased();
      const first = await trained(one, { seed: 4242 });
      await first.complete();
      const two = await leased();
      const same = await trained(two, { seed: 4242 });
      expect(await same.complete()).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    });
  });

  describe('a batch that cannot be trained', () => {
    it('given back is ready at once, with the reason, until its attempts are spent', async () => {
      const { send, leased, end, lease, votes, tenant } = await setUp(edge, { maxAttempts: 2 });
      await send(importedVotes(4));
      const one = await leased();
      expect((await end(one.batch, 'fail', { fence: 1, reason: 'loss is NaN' })).body).toMatchObject({
        state: 'ready',
        error: 'loss is NaN',
        attempts: 1,
      });
      expect((await end(one.batch, 'fail', { fence: 1, reason: 'loss is NaN' })).status).toBe(200);
      const two = await leased();
      expect(two).toMatchObject({ batch: one.batch, fence: 2, attempt: 2 });
      expect((await end(two.batch, 'fail', { fence: 2, reason: 'out of memory' })).body).toMatchObject({
        state: 'quarantined',
        error: 'out of memory',
      });
      expect((await lease()).status).toBe(204);
      expect((await votes()).every(({ status }) => status === 'quarantined')).toBe(true);
      expect(await end(two.batch, 'heartbeat', { fence: 2 })).toMatchObject({
        status: 409,
        body: { code: 'quarantined' },
      });

      expect((await end(two.batch, 'requeue', {})).status).toBe(403);
      expect((await end(two.batch, 'requeue', {}, tenant.admin)).body).toMatchObject({ state: 'ready', attempts: 0 });
      expect((await end(two.batch, 'requeue', {}, tenant.admin)).status).toBe(400);
      expect(await leased()).toMatchObject({ batch: one.batch, fence: 3, attempt: 1, examples: one.examples });
      expect((await votes()).every(({ status }) => status === 'batched')).toBe(true);
    });

    it('given back blamelessly, as by a runner that is stopped, keeps its attempts', async () => {
      const { send, leased, end } = await setUp(edge, { maxAttempts: 1 });
      await send(importedVotes(4));
      for (const fence of [1, 2, 3]) {
        const { batch, attempt } = await leased();
        expect(attempt).toBe(1);
        const failure = { fence, reason: 'the runner was stopped', blameless: true };
        expect((await end(batch, 'fail', failure)).body).toMatchObject({ state: 'ready', attempts: 0 });
        expect((await end(batch, 'fail', failure)).body).toMatchObject({ state: 'ready', attempts: 0 });
      }
      const { batch } = await leased();
      expect((await end(batch, 'fail', { fence: 4, reason: 'loss is NaN' })).body.state).toBe('quarantined');
    });

    it('that runs out of leases is set aside by the next one who asks, and the others go on', async () => {
      const { send, leased, lease, batch, votes } = await setUp(edge, { maxAttempts: 1, leaseSeconds: 1 });
      await send(importedVotes(8));
      const poison = await leased();
      await new Promise((resolve) => setTimeout(resolve, 1050));
      const other = await leased();
      expect(other.batch).not.toBe(poison.batch);
      expect(await batch(poison.batch)).toMatchObject({
        state: 'quarantined',
        error: expect.stringContaining('expired'),
      });
      expect((await votes()).map(({ status }) => status)).toEqual([
        ...new Array(4).fill('quarantined'),
        ...new Array(4).fill('batched'),
      ]);
      expect((await lease()).status).toBe(204);
    });

    it('because no member is trainable ends without an adapter', async () => {
      const { send, leased, end, batch, votes, train } = await setUp(edge);
      await send(importedVotes(4));
      const held = await leased();
      const all = ids(held.examples).map((preference) => ({ preference, reason: 'untokenizable' }));
      expect(await end(held.batch, 'dismiss', { fence: 1, notTrainable: all.slice(1) })).toMatchObject({
        status: 400,
        body: { code: 'invalid_request' },
      });
      expect((await end(held.batch, 'dismiss', { fence: 1, notTrainable: all })).body).toMatchObject({
        state: 'completed',
        adapter: null,
      });
      expect((await end(held.batch, 'dismiss', { fence: 1, notTrainable: all })).status).toBe(200);
      expect(await batch(held.batch)).toMatchObject({ state: 'completed', preferences: ids(held.examples) });
      expect(
        (await votes()).every(
          ({ status, notTrainable }) => status === 'notTrainable' && notTrainable === 'untokenizable',
        ),
      ).toBe(true);
      const domain = await edge.get('GET', '/v1/domains/replies', { bearer: train });
      expect(domain.head).toBeNull();
    });
  });

  it('are listed by domain and state, newest first', async () => {
    const { send, leased, train, trained } = await setUp(edge);
    await send(importedVotes(8));
    const [one, two] = [await leased(), await leased()];
    await (await trained(one)).complete();
    const list = async (query: string) => (await edge.get('GET', `/v1/batches${query}`, { bearer: train })).items;
    expect((await list('')).map(({ id }: Json) => id)).toEqual([two.batch, one.batch]);
    expect((await list('?state=leased&domain=replies')).map(({ id }: Json) => id)).toEqual([two.batch]);
    expect((await list('?domain=replies&limit=1')).map(({ id }: Json) => id)).toEqual([two.batch]);
    expect(await list('?domain=other')).toEqual([]);
    expect((await list('?state=completed'))[0]).toMatchObject({
      preferences: ids(one.examples),
      runner: 'runner-1',
      leaseExpiresAt: null,
    });
    expect((await edge.call('GET', '/v1/batches?state=lost', { bearer: train })).status).toBe(400);
  });

  it('of another project cannot be touched', async () => {
    const [mine, theirs] = [await setUp(edge), await setUp(edge)];
    await theirs.send(importedVotes(4));
    const held = await theirs.leased();
    const made: MadeAdapter = await makeAdapter();
    for (const [how, body] of [
      ['heartbeat', { fence: 1 }],
      ['fail', { fence: 1, reason: 'x' }],
      ['complete', { fence: 1, adapter: { ...made.input, parent: null } }],
    ] as const) {
      expect(await mine.end(held.batch, how, body)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
    expect((await mine.lease()).status).toBe(204);
  });
});
