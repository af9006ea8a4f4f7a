import { describe, expect, it } from 'vitest';
import { Batch, type BatchWeights, Lease } from '../../../shared/contracts/batch.ts';
import { uuidv7 } from '../../../shared/math/uuidv7.ts';
import { describeOnHosts } from '../hosts.ts';
import { importedVote, importedVotes } from '../votes.ts';

type Json = Record<string, unknown>;

describeOnHosts('weights of a batch', (edge) => {
  async function setUp(domain: Json = {}) {
    const project = await edge.createProject();
    const settings = { holdOut: 0, batchSize: 75, maxWaitSeconds: 0, raterWeights: 'reliability', ...domain };
    await project.createDomain(settings);
    const train = await project.createKey(['train']);
    const post = (path: string, body: Json) => edge.get('POST', path, { bearer: train, body });
    return {
      project,
      send: (items: Json[]) => edge.get('POST', '/v1/preferences/bulk', { bearer: project.admin, body: { items } }),
      lease: async () => Lease.parse(await post('/v1/batches/lease', { baseModel: 'tiny', runner: 'runner-1' })),
      fail: (batch: string, fence: number) => post(`/v1/batches/${batch}/fail`, { fence, reason: 'test' }),
      batch: async (id: string) => Batch.parse(await edge.get('GET', `/v1/batches/${id}`, { bearer: train })),
      patch: (body: Json) => edge.get('PATCH', '/v1/domains/replies', { bearer: project.admin, body }),
    };
  }

  /** Four who agree on `count` pairs, and one who says the opposite. */
  function crowd(count: number, rest: Json = {}): Json[] {
    const votes = importedVotes(count);
    return votes.flatMap((vote) => {
      const [good, bad] = vote.comparison.candidates;
      const agreed = ['ann', 'ben', 'cem', 'eve'].map((user) => ({ ...vote, ...rest, id: uuidv7(), user }));
      expect(vote.choice.chosen).toBe(good?.id);
      return [...agreed, { ...vote, ...rest, id: uuidv7(), user: 'dan', choice: { type: 'pair', chosen: bad?.id } }];
    });
  }

  const weightsOf = ({ examples }: Lease) => examples.map(({ pairs }) => pairs[0]?.weight as number);

  it('are what every vote says, with the setting off, which is the default', async () => {
    const { send, lease, batch, project } = await setUp({ raterWeights: undefined });
    expect((await edge.get('GET', '/v1/domains/replies', { bearer: project.admin })).raterWeights).toBe('off');
    await send(crowd(15, { weight: 0.5 }));
    const leased = await lease();
    expect(new Set(weightsOf(leased))).toEqual(new Set([0.5]));
    expect(leased).not.toHaveProperty('raterWeights');
    expect((await batch(leased.batch)).raterWeights).toBeNull();
  });

  it('are less for who says the opposite of all others, and are kept with the batch', async () => {
    const { send, lease, batch } = await setUp();
    const votes = crowd(15, { weight: 0.5 });
    await send(votes);
    const leased = await lease();
    const stored = (await batch(leased.batch)).raterWeights as BatchWeights;
    expect(stored).toMatchObject({ window: 2000, votes: 75, users: 4, largestShare: 0.5 });
    expect(stored.computedAt).toBeGreaterThan(leased.now - 60_000);
    votes.forEach(({ id, user }, n) => {
      const factor = stored.weights[id as string] as number;
      if (user === 'dan') expect(factor).toBeLessThan(0.6);
      else expect(factor).toBeGreaterThan(0.95);
      expect(weightsOf(leased)[n]).toBeCloseTo(0.5 * factor, 12);
    });
  });

  it('are the very same when the batch is leased again, whatever has come in and been changed meanwhile', async () => {
    const { send, lease, fail, batch, patch } = await setUp();
    await send(crowd(15));
    const first = await lease();
    const stored = (await batch(first.batch)).raterWeights;
    await send(crowd(40));
    await patch({ raterWeights: 'off' });
    await fail(first.batch, first.fence);
    const second = await lease();
    expect(second).toMatchObject({ batch: first.batch, fence: 2 });
    expect(second.examples).toEqual(first.examples);
    expect((await batch(first.batch)).raterWeights).toEqual(stored);
    // What is formed from now on goes by the new setting.
    expect(new Set(weightsOf(await lease()))).toEqual(new Set([1]));
  });

  it('stay off for a batch that was formed under off', async () => {
    const { send, lease, fail, batch, patch } = await setUp({ raterWeights: 'off' });
    await send(crowd(15));
    const first = await lease();
    await patch({ raterWeights: 'reliability' });
    await fail(first.batch, first.fence);
    expect((await lease()).examples).toEqual(first.examples);
    expect((await batch(first.batch)).raterWeights).toBeNull();
  });

  it('leave one of many with most of the votes 5 % of the batch', async () => {
    const { send, lease } = await setUp();
    const by = (user: string, n: number) => ({ ...importedVote(n), id: uuidv7(), user });
    await send([
      ...Array.from({ length: 36 }, (_, n) => by('loud', n)),
      ...Array.from({ length: 39 }, (_, n) => by(`u${n}`, 100 + n)),
    ]);
    const weights = weightsOf(await lease());
    const all = weights.reduce((sum, each) => sum + each, 0);
    expect(weights.slice(0, 36).reduce((sum, each) => sum + each, 0) / all).toBeCloseTo(0.05, 9);
    expect(new Set(weights.slice(36))).toEqual(new Set([1]));
  });

  it('leave votes of nobody known as they are, and count them to the batch', async () => {
    const { send, lease, batch } = await setUp({ batchSize: 85 });
    await send([...crowd(15), ...importedVotes(10, { weight: 0.25 })]);
    const leased = await lease();
    expect(weightsOf(leased).slice(75)).toEqual(new Array(10).fill(0.25));
    const { weights } = (await batch(leased.batch)).raterWeights as BatchWeights;
    expect(leased.examples.slice(75).map(({ preference }) => weights[preference])).toEqual(new Array(10).fill(1));
  });

  it('are not learned from what is held out, nor from votes that were replaced', async () => {
    const heldOut = await setUp({ holdOut: 0.5, batchSize: 500, splitBy: 'prompt' });
    await heldOut.send(crowd(30));
    const leased = await heldOut.lease();
    const stored = (await heldOut.batch(leased.batch)).raterWeights;
    expect(leased.examples.length).toBeLessThan(150);
    expect(stored?.votes).toBe(leased.examples.length);

    const { send, lease, batch } = await setUp();
    const votes = crowd(15);
    await send(votes);
    const against = votes.filter(({ user }) => user === 'dan');
    const changed = against.map((vote) => ({
      ...vote,
      id: uuidv7(),
      supersedes: vote.id,
      choice: votes.find(({ user, comparison }) => user === 'ann' && comparison === vote.comparison)?.choice,
    }));
    await send(changed);
    const mended = await lease();
    const weights = (await batch(mended.batch)).raterWeights?.weights ?? {};
    for (const { id } of changed) expect(weights[id]).toBeGreaterThan(0.95);
    for (const { id } of against) expect(weights).not.toHaveProperty(id as string);
  });

  it('of a batch whose vote was replaced while it was leased name it still', async () => {
    const { send, lease, batch } = await setUp();
    const votes = crowd(15);
    await send(votes);
    const leased = await lease();
    const [first] = votes as [Json];
    await send([{ ...first, id: uuidv7(), supersedes: first.id, reason: 'changed' }]);
    expect((await batch(leased.batch)).raterWeights?.weights).toHaveProperty(first.id as string);
  });

  describe('are carried by examples of every kind:', () => {
    it.each([
      [
        'a ranking, whose pairs share it',
        'dpo',
        (ids: string[]) => ({ type: 'ranking', ranking: ids.map((id) => [id]) }),
        'ranking',
      ],
      [
        'a liked answer',
        'sft',
        (ids: string[]) => ({ type: 'rating', ratings: [{ candidate: ids[0], rating: 1 }] }),
        'rating',
      ],
    ])('%s', async (_, method, choose, kind) => {
      const { send, lease, batch } = await setUp({ recipe: { method }, batchSize: 120 });
      const special = importedVotes(2).map((vote, n) => {
        const comparison = { ...vote.comparison, kind };
        const ids = vote.comparison.candidates.map(({ id }) => id);
        return { id: uuidv7(), user: n === 0 ? 'ann' : 'dan', comparison, choice: choose(ids) };
      });
      await send([...crowd(15), ...special]);
      const leased = await lease();
      const { weights } = (await batch(leased.batch)).raterWeights as BatchWeights;
      for (const example of leased.examples) {
        const sum = example.pairs.reduce((all, { weight }) => all + weight, 0);
        const carried = example.pairs.length > 0 ? sum : (example.weight ?? 1);
        expect(carried).toBeCloseTo(weights[example.preference] as number, 12);
      }
      expect(weights[special[1]?.id as string]).toBeLessThan(0.6);
    });

    it('a step that was marked wrong', async () => {
      const { send, lease, batch } = await setUp({ recipe: { method: 'step-dpo' }, batchSize: 120 });
      const answered = (vote: Json) => {
        const comparison = vote.comparison as Json;
        return { ...vote, comparison: { ...comparison, prompt: { ...(comparison.prompt as Json), answer: '4' } } };
      };
      const candidate = { id: uuidv7(), content: { type: 'steps', steps: ['1 + 1 = 2', '2 + 2 = 5'] } };
      const comparison = {
        domain: 'replies',
        kind: 'steps',
        prompt: { text: '?', answer: '4' },
        candidates: [candidate],
      };
      const choice = { type: 'stepMark', candidate: candidate.id, firstWrongStep: 1 };
      const marked = { id: uuidv7(), user: 'dan', comparison, choice };
      await send([...crowd(15).map(answered), marked]);
      const leased = await lease();
      const example = leased.examples.find(({ preference }) => preference === marked.id);
      const factor = (await batch(leased.batch)).raterWeights?.weights[marked.id];
      expect(factor).toBeLessThan(0.6);
      expect(example).toMatchObject({ completions: ['2 + 2 = 5'], pairs: [], weight: factor });
    });
  });
});
