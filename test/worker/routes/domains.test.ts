import { expect, it } from 'vitest';
import { Recipe } from '../../../shared/contracts/recipe.ts';
import { describeOnHosts } from '../hosts.ts';

const input = { id: 'support-tone', baseModel: 'tiny', recipe: { method: 'ofs-dpo', rank: 4 } };

describeOnHosts('domains', (edge) => {
  async function setUp() {
    const { admin, createKey } = await edge.createProject();
    const create = (body: unknown, bearer = admin) => edge.call('POST', '/v1/domains', { bearer, body });
    return { admin, createKey, create };
  }

  it('fill in every setting that is not given', async () => {
    const { create, createKey } = await setUp();
    const { status, body } = await create(input);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...{ id: 'support-tone', baseModel: 'tiny', policy: 'gates', batchSize: 32, holdOut: 0.1, splitBy: 'prompt' },
      ...{ head: null, live: null, gates: {}, temperature: 1, topP: 1 },
      recipe: { method: 'ofs-dpo', rank: 4, loraAlpha: 32, beta: 0.1, slowRatio: 0.2, targets: 'all-linear' },
    });
    const read = await edge.call('GET', '/v1/domains/support-tone', { bearer: await createKey(['train']) });
    expect(read).toMatchObject({ status: 200, body });
  });

  it('are created once: the same settings answer the domain, others are refused', async () => {
    const { create } = await setUp();
    const first = await create(input);
    expect(await create(input)).toMatchObject({ status: 200, body: first.body });
    expect(await create({ ...input, batchSize: 8 })).toMatchObject({ status: 409, body: { code: 'already_exists' } });
  });

  it('are listed in the order of their ids', async () => {
    const { create, createKey } = await setUp();
    for (const id of ['b', 'c', 'a']) await create({ ...input, id });
    const { body } = await edge.call('GET', '/v1/domains', { bearer: await createKey(['infer']) });
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('can be changed, but not in base model or split', async () => {
    const { admin, create } = await setUp();
    await create(input);
    const change = (body: unknown) => edge.call('PATCH', '/v1/domains/support-tone', { bearer: admin, body });
    const patch = { batchSize: 4, recipe: { method: 'dpo' }, gates: { maxKl: 0.5 }, system: 'Be brief.' };
    expect(await change(patch)).toMatchObject({
      status: 200,
      body: {
        batchSize: 4,
        recipe: { method: 'dpo', rank: 16 },
        gates: { maxKl: 0.5 },
        system: 'Be brief.',
        maxTokens: 256,
      },
    });
    expect((await change({})).body).toMatchObject({ batchSize: 4, system: 'Be brief.' });
    for (const fixed of [{ baseModel: 'other' }, { holdOut: 0.5 }, { splitBy: 'user' }, { live: null }]) {
      expect(await change(fixed)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    }
  });

  it.each([
    ['an unknown method', { ...input, recipe: { method: 'magic' } }],
    ['a parameter of another method', { ...input, recipe: { method: 'dpo', slowRatio: 0.5 } }],
    ['a beta below zero', { ...input, recipe: { method: 'simpo', beta: -1 } }],
    ['a field that no recipe has', { ...input, recipe: { method: 'ppo', betta: 1 } }],
    [
      'a revision that has no place for the draft',
      { ...input, recipe: { method: 'srpo', revision: '{prompt} again' } },
    ],
    [
      'a robust loss of votes that say nothing',
      { ...input, recipe: { method: 'dpo', loss: 'robust', labelSmoothing: 0.5 } },
    ],
    ['no base model', { id: 'a', recipe: { method: 'dpo' } }],
    ['a hold-out above 0.9', { ...input, holdOut: 0.95 }],
    ['an id in capitals', { ...input, id: 'Support' }],
    ['an unknown field', { ...input, colour: 'red' }],
    ['a batch size as text', { ...input, batchSize: '32' }],
  ])('refuse %s', async (_, body) => {
    const { create } = await setUp();
    expect(await create(body)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  it('take every method by its name, with a default for everything', async () => {
    const { create } = await setUp();
    const methods = Recipe.options.map((option) => option.shape.method.value);
    expect(methods).toHaveLength(19);
    for (const method of methods) {
      const body = { ...input, id: `with-${method}`, recipe: { method } };
      expect(await create(body)).toMatchObject({ status: 201, body: { recipe: { method, microBatch: 8, seed: 0 } } });
    }
  });

  it('belong to one project', async () => {
    const { create } = await setUp();
    await create(input);
    const stranger = await setUp();
    expect(await edge.call('GET', '/v1/domains/support-tone', { bearer: stranger.admin })).toMatchObject({
      status: 404,
    });
    expect((await stranger.create(input)).status).toBe(201);
    expect((await edge.call('GET', '/v1/domains', { bearer: stranger.admin })).body.items).toHaveLength(1);
  });

  it('are written by admins alone', async () => {
    const { create, createKey } = await setUp();
    const ingest = await createKey(['ingest', 'train', 'infer']);
    expect(await create(input, ingest)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const patched = await edge.call('PATCH', '/v1/domains/a', { bearer: ingest, body: {} });
    expect(patched).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  it('are not found under a name that no domain can have', async () => {
    const { admin } = await setUp();
    const answer = await edge.call('GET', '/v1/domains/a%00b', { bearer: admin });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});
