import { expect, it } from 'vitest';
import { describeOnHosts, ROOT_KEY } from '../hosts.ts';

const id = () => `p-${crypto.randomUUID().slice(0, 8)}`;

describeOnHosts('projects', (edge) => {
  const create = (body: unknown, bearer = ROOT_KEY) => edge.call('POST', '/v1/projects', { bearer, body });

  it('are created with the root key, and show their first admin key once', async () => {
    const body = { id: id(), allowedOrigins: ['https://shop.example'] };
    const made = await create(body);
    expect(made).toMatchObject({
      status: 201,
      body: {
        project: { ...body, name: body.id, requireAssignment: true },
        adminKey: expect.stringMatching(/^sk_[0-9a-f]{16}_/),
      },
    });
    const seen = await edge.call('GET', '/v1/project', { bearer: made.body.adminKey });
    expect(seen).toMatchObject({ status: 200, body: made.body.project });
    expect(JSON.stringify(seen.body)).not.toContain('secret');
  });

  it('have ids of their own', async () => {
    const body = { id: id() };
    await create(body);
    expect(await create(body)).toMatchObject({ status: 409, body: { code: 'already_exists' } });
  });

  it('can be changed by an admin, in effect at once', async () => {
    const { admin, createUserToken } = await edge.createProject();
    const headers = { origin: 'https://new.example' };
    const token = await createUserToken('anna');
    const asPage = () => edge.call('GET', '/v1/models', { bearer: token, headers });
    expect(await asPage()).toMatchObject({ status: 403, body: { code: 'origin_not_allowed' } });
    const patch = { name: 'New', allowedOrigins: ['https://new.example'], requireAssignment: false };
    expect(await edge.call('PATCH', '/v1/project', { bearer: admin, body: patch })).toMatchObject({
      status: 200,
      body: patch,
    });
    expect((await asPage()).status).toBe(200);
    expect(await edge.call('PATCH', '/v1/project', { bearer: admin, body: {} })).toMatchObject({
      status: 200,
      body: patch,
    });
  });

  it.each([
    ['no id', {}],
    ['a bad id', { id: 'No Spaces' }],
    ['an origin with a path', { id: 'p', allowedOrigins: ['https://a.example/path'] }],
    ['an unknown field', { id: 'p', owner: 'me' }],
    ['a NUL in the name', { id: 'p', name: 'a\0b' }],
    ['a member named __proto__', JSON.parse('{ "id": "p", "__proto__": { "name": "x" } }')],
  ])('refuse %s', async (_, body) => {
    const answer = await create(body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(answer.body.issues.length).toBeGreaterThan(0);
  });

  it('are not made, seen or changed by other keys', async () => {
    const { admin, createKey } = await edge.createProject();
    const train = await createKey(['train', 'ingest', 'infer']);
    expect(await create({ id: id() }, admin)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await edge.call('GET', '/v1/project', { bearer: train })).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    for (const [method, path] of [
      ['GET', '/v1/project'],
      ['GET', '/v1/keys'],
      ['POST', '/v1/preferences'],
    ] as const) {
      expect(await edge.call(method, path, { bearer: ROOT_KEY })).toMatchObject({
        status: 403,
        body: { code: 'forbidden' },
      });
    }
  });
});
