import { expect, it } from 'vitest';
import { type Example, HeldOut, Lease } from '../../../shared/contracts/batch.ts';
import { castVotes, makeSetEncoder, publishSetEncoder, tasteVote } from '../encoder/made-encoder.ts';
import { describeOnHosts, type TestEdge } from '../hosts.ts';
import { makePixel } from '../made-image.ts';

type Json = Record<string, unknown>;

const vector = (n: number) => [0, 1, 2, 3].map((i) => Math.round(100 * Math.sin(7 * n + 3 * i)) / 100);
const ids = (items: { preference: string }[]) => items.map(({ preference }) => preference);

async function setUp(edge: TestEdge, domain: Json = {}) {
  const project = await edge.createProject();
  const recipe = { method: 'ppd' };
  await project.createDomain({ holdOut: 0, batchSize: 4, maxWaitSeconds: 0, recipe, ...domain });
  const encoder = await publishSetEncoder(edge, project, await makeSetEncoder());
  /** A vote between pictures. */
  const vote = async (user: string | undefined, features: (readonly (number | null)[] | null)[], rest: Json = {}) => {
    const { comparison, user: _, ...made } = tasteVote('', features, rest);
    const pictures = await Promise.all(features.map(() => makePixel(edge, project.admin)));
    const candidates = comparison.candidates.map((candidate, i) => {
      return { ...candidate, content: { type: 'image', sha256: pictures[i] } };
    });
    return { ...made, ...(user && { user }), comparison: { ...comparison, candidates } };
  };
  const cast = async (...votes: unknown[]) => castVotes(edge, project.admin, votes);
  const lease = async (): Promise<Lease> => {
    const body = { baseModel: 'tiny', runner: 'runner-1' };
    return Lease.parse(await edge.get('POST', '/v1/batches/lease', { bearer: project.admin, body }));
  };
  const heldOut = async (): Promise<HeldOut> =>
    HeldOut.parse(await edge.get('GET', '/v1/domains/replies/held-out', { bearer: project.admin }));
  return { project, encoder, vote, cast, lease, heldOut };
}

describeOnHosts('a lease for PPD', (edge) => {
  it('says whose each example is by a pseudonym, and which votes stand for that person', async () => {
    const { encoder, vote, cast, lease } = await setUp(edge, { batchSize: 4 });
    const votes = [
      await vote('anna', [vector(1), vector(2)]),
      await vote('ben', [vector(3), vector(4)]),
      await vote('anna', [vector(5), vector(6)], { weight: 0.5, confidence: 0.75 }),
      await vote(undefined, [vector(7), vector(8)]),
      await vote('anna', [vector(9), null]),
    ];
    await cast(...votes);
    const leased = await lease();
    expect(leased.encoder).toBe(encoder);
    // Nobody’s vote teaches nothing about anybody: it ended as needsUser when it came in.
    const known = votes.filter((_, at) => at !== 3);
    expect(ids(leased.examples)).toEqual(known.map(({ id }) => id));
    const [first, other, third, last] = leased.examples as [Example, Example, Example, Example];
    expect(first.userKey).toMatch(/^[0-9a-f]{32}$/);
    expect([third.userKey, last.userKey]).toEqual([first.userKey, first.userKey]);
    expect(other.userKey).toMatch(/^[0-9a-f]{32}$/);
    expect(other.userKey).not.toBe(first.userKey);

    expect(first.support).toEqual([third.preference]);
    expect(other.support).toEqual([]);
    expect(third.support).toEqual([first.preference]);
    expect(last.support).toEqual([third.preference, first.preference]);
    expect(leased.support).toEqual([
      { preference: third.preference, chosen: vector(5), rejected: vector(6), weight: 0.25 },
      { preference: first.preference, chosen: vector(1), rejected: vector(2), weight: 1 },
    ]);
    expect(JSON.stringify(leased)).not.toMatch(/anna|ben/);
  });

  it('gives a pseudonym of this domain alone, the same in every lease', async () => {
    const { project, vote, cast, lease } = await setUp(edge, { batchSize: 1 });
    await cast(await vote('anna', [vector(1), vector(2)]), await vote('anna', [vector(3), vector(4)]));
    const [one, two] = [await lease(), await lease()];
    expect(one.examples[0]?.userKey).toBe(two.examples[0]?.userKey);
    await project.createDomain({ id: 'other', holdOut: 0, maxWaitSeconds: 0, recipe: { method: 'ppd' } });
    const made = await vote('anna', [vector(1), vector(2)]);
    await cast({ ...made, comparison: { ...made.comparison, domain: 'other' } });
    const body = { baseModel: 'tiny', runner: 'runner-1', domains: ['other'] };
    const other = Lease.parse(await edge.get('POST', '/v1/batches/lease', { bearer: project.admin, body }));
    expect(other).toMatchObject({ encoder: null, support: [] });
    expect(other.examples[0]?.support).toEqual([]);
    expect(other.examples[0]?.userKey).toMatch(/^[0-9a-f]{32}$/);
    expect(other.examples[0]?.userKey).not.toBe(one.examples[0]?.userKey);
  });

  it('names the newest sixteen, none that was replaced, and never what is held out', async () => {
    const { vote, cast, lease, heldOut } = await setUp(edge, { batchSize: 100, holdOut: 0.3 });
    const votes = [];
    for (let n = 0; n < 40; n++) votes.push(await vote('anna', [vector(n), vector(n + 0.5)]));
    const result = await cast(...votes);
    const apart = new Set(
      result.items.filter(({ status }: { status: string }) => status === 'heldOut').map(({ id }: Json) => id),
    );
    expect(apart.size).toBeGreaterThan(3);
    const trained = votes.filter(({ id }) => !apart.has(id));
    const replaced = trained.at(-1) as (typeof votes)[number];
    const { assignment: _, ...skip } = { ...replaced, assignment: undefined, choice: { type: 'skip' } };
    await cast({ ...skip, id: (await vote('anna', [null, null])).id, supersedes: replaced.id });

    const leased = await lease();
    const usable = trained
      .slice(0, -1)
      .map(({ id }) => id)
      .reverse();
    expect(leased.examples).toHaveLength(usable.length);
    for (const { preference, support } of leased.examples) {
      expect(support).toEqual(usable.filter((id) => id !== preference).slice(0, 16));
    }
    expect(ids(leased.support)).toEqual(usable.slice(0, 17));

    const { examples, support } = await heldOut();
    expect(new Set(ids(examples))).toEqual(apart);
    const known = votes
      .map(({ id }) => id)
      .filter((id) => id !== replaced.id)
      .toReversed();
    for (const { preference, support } of examples) {
      expect(support).toEqual(known.filter((id) => id !== preference).slice(0, 16));
    }
    expect(new Set(ids(support)).size).toBe(support.length);
  });

  it('takes a recipe’s word for more', async () => {
    const { vote, cast, lease } = await setUp(edge, { batchSize: 30, recipe: { method: 'ppd', support: 25 } });
    const votes = [];
    for (let n = 0; n < 30; n++) votes.push(await vote('anna', [vector(n), vector(n + 0.5)]));
    await cast(...votes);
    const leased = await lease();
    expect(leased.examples.map(({ support }) => support?.length)).toEqual(new Array(30).fill(25));
    expect(leased.support).toHaveLength(26);
  });

  it('has a pick of one among k as k − 1 pairs that share its weight, as an embedding has', async () => {
    const { vote, cast, lease } = await setUp(edge, { batchSize: 2 });
    const picked = await vote('anna', [vector(1), vector(2), vector(3)]);
    const plain = await vote('anna', [vector(4), vector(5)]);
    await cast(picked, plain);
    const { support } = await lease();
    expect(support).toEqual([
      { preference: plain.id, chosen: vector(4), rejected: vector(5), weight: 1 },
      { preference: picked.id, chosen: vector(1), rejected: vector(2), weight: 0.5 },
      { preference: picked.id, chosen: vector(1), rejected: vector(3), weight: 0.5 },
    ]);
  });

  it('is as it was for other recipes', async () => {
    const { vote, cast, lease, heldOut } = await setUp(edge, { recipe: { method: 'diffusion-dpo' }, batchSize: 1 });
    await cast(await vote('anna', [vector(1), vector(2)]));
    const leased = await lease();
    expect(leased).toMatchObject({ encoder: null, support: [] });
    expect(leased.examples[0]).not.toHaveProperty('userKey');
    expect(await heldOut()).toEqual({ examples: [], encoder: null, support: [] });
  });
});
