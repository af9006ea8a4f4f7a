import { expect, it } from 'vitest';
import { describeOnHosts, ROOT_KEY } from '../hosts.ts';

describeOnHosts('keys', (edge) => {
  const whoami = (bearer: string | undefined, headers = {}) => edge.call('GET', '/v1/domains', { bearer, headers });

  it('are created, listed without their texts, and revoked at once in the process that was told', async () => {
    const { admin } = await edge.createProject();
    const body = { name: 'the runner', scopes: ['train', 'train'] };
    const made = await edge.call('POST', '/v1/keys', { bearer: admin, body });
    expect(made).toMatchObject({
      status: 201,
      body: { key: { kind: 'secret', name: 'the runner', scopes: ['train'], revokedAt: null } },
    });
    const { key, secret } = made.body;
    expect((await whoami(secret)).status).toBe(200);
    const listed = await edge.call('GET', '/v1/keys', { bearer: admin });
    expect(listed.body.items.map(({ name }: { name: string }) => name)).toEqual(['first', 'the runner']);
    expect(JSON.stringify(listed.body)).not.toContain(secret.slice(-24));
    const revoked = await edge.call('DELETE', `/v1/keys/${key.id}`, { bearer: admin });
    expect(revoked).toMatchObject({ status: 200, body: { id: key.id, revokedAt: expect.any(Number) } });
    expect(await whoami(secret)).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    const again = await edge.call('DELETE', `/v1/keys/${key.id}`, { bearer: admin });
    expect(again.body).toEqual(revoked.body);
  });

  it('never leave a project without an admin', async () => {
    const { admin, createKey } = await edge.createProject();
    const first = (await edge.get('GET', '/v1/keys', { bearer: admin })).items[0].id;
    const revoke = (id: string) => edge.call('DELETE', `/v1/keys/${id}`, { bearer: admin });
    expect(await revoke(first)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const second = await createKey(['admin']);
    expect((await revoke(first)).status).toBe(200);
    expect((await whoami(second)).status).toBe(200);
  });

  it.each([
    ['no key', undefined],
    ['an unknown key', `sk_${'0'.repeat(16)}_${'a'.repeat(43)}`],
    ['a text that is no key', 'hello'],
    ['an empty bearer', ''],
  ])('are needed: %s is refused', async (_, bearer) => {
    expect(await whoami(bearer)).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
  });

  it('are refused with one letter changed', async () => {
    const { admin } = await edge.createProject();
    for (const at of [3, admin.length - 1]) {
      const changed = admin.slice(0, at) + (admin[at] === 'a' ? 'b' : 'a') + admin.slice(at + 1);
      expect(await whoami(changed)).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    }
  });

  it('do not open another project', async () => {
    const ours = await edge.createProject();
    const theirs = await edge.createProject();
    const id = (await edge.get('GET', '/v1/keys', { bearer: theirs.admin })).items[0].id;
    const answer = await edge.call('DELETE', `/v1/keys/${id}`, { bearer: ours.admin });
    expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect((await whoami(theirs.admin)).status).toBe(200);
  });

  it('that are secret are refused from a browser, whatever its origin', async () => {
    const { admin } = await edge.createProject({ allowedOrigins: ['https://shop.example'] });
    for (const origin of ['https://shop.example', 'null', edge.url]) {
      expect(await whoami(admin, { origin })).toMatchObject({ status: 403, body: { code: 'key_in_browser' } });
    }
  });

  it('that are public work from a listed origin alone, and only for collecting', async () => {
    const { createKey } = await edge.createProject({ allowedOrigins: ['https://shop.example'] });
    const open = await createKey([], 'public');
    expect(open).toMatch(/^pk_/);
    for (const headers of [{}, { origin: 'https://evil.example' }, { origin: edge.url }, { origin: 'null' }]) {
      expect(await whoami(open, headers)).toMatchObject({ status: 403, body: { code: 'origin_not_allowed' } });
    }
    const listed = await whoami(open, { origin: 'https://shop.example' });
    expect(listed).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(listed.headers.get('access-control-allow-origin')).toBe('https://shop.example');
  });

  it.each([
    ['a secret key without scopes', { name: 'a' }],
    ['a public key with scopes', { name: 'a', kind: 'public', scopes: ['ingest'] }],
    ['an unknown scope', { name: 'a', scopes: ['root'] }],
    ['no name', { scopes: ['train'] }],
  ])('are not made of %s', async (_, body) => {
    const { admin } = await edge.createProject();
    expect(await edge.call('POST', '/v1/keys', { bearer: admin, body })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  });

  it('are managed by admins alone', async () => {
    const { createKey, createUserToken } = await edge.createProject();
    for (const bearer of [await createKey(['ingest', 'train', 'infer']), await createUserToken('anna'), ROOT_KEY]) {
      const body = { name: 'mine', scopes: ['admin'] };
      expect(await edge.call('POST', '/v1/keys', { bearer, body })).toMatchObject({
        status: 403,
        body: { code: 'forbidden' },
      });
      expect(await edge.call('GET', '/v1/keys', { bearer })).toMatchObject({
        status: 403,
        body: { code: 'forbidden' },
      });
    }
  });
});
