import { exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from 'jose';
import { expect, it } from 'vitest';
import { describeOnHosts, type TestProject } from '../hosts.ts';

const SECRET = 'a shared secret of more than 32 characters';
const utf8 = (text: string) => new TextEncoder().encode(text);
const seconds = () => Math.floor(Date.now() / 1000);

describeOnHosts('user tokens', (edge) => {
  const use = (bearer: string) => edge.call('GET', '/v1/models', { bearer });

  async function withSharedKey() {
    const project = await edge.createProject();
    const body = { kid: 'main', algorithm: 'HS256', secret: SECRET };
    await edge.get('POST', '/v1/signing-keys', { bearer: project.admin, body });
    return project;
  }

  type Changes = { claims?: Record<string, unknown>; header?: Partial<JWTHeaderParameters>; secret?: string };
  function sign(project: TestProject, { claims = {}, header = {}, secret = SECRET }: Changes = {}): Promise<string> {
    const payload = { aud: project.id, sub: 'anna', scope: 'collect infer', exp: seconds() + 600, ...claims };
    return new SignJWT(payload).setProtectedHeader({ alg: 'HS256', kid: 'main', ...header }).sign(utf8(secret));
  }

  it('that the edge mints are good for what they were asked for', async () => {
    const { createKey, createUserToken } = await edge.createProject();
    expect((await use(await createUserToken('anna'))).status).toBe(200);
    expect(await use(await createUserToken('anna', ['collect']))).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    const ingest = await createKey(['ingest']);
    const mint = (body: object) => edge.call('POST', '/v1/user-tokens', { bearer: ingest, body });
    const { body, status } = await mint({ user: 'ben', expiresInSeconds: 60 });
    expect(status).toBe(201);
    expect(body.expiresAt - Date.now()).toBeLessThanOrEqual(60_000);
    expect(JSON.parse(atob(body.token.split('.')[1])).scope).toBe('collect');
    expect(await mint({ user: 'ben', scopes: ['infer'] })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    for (const bad of [
      {},
      { user: 'with space' },
      { user: 'a', expiresInSeconds: 86_400 },
      { user: 'a', scopes: ['admin'] },
    ]) {
      expect(await mint(bad)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    }
    const train = await createKey(['train']);
    const answer = await edge.call('POST', '/v1/user-tokens', { bearer: train, body: { user: 'anna' } });
    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  it('are signed by the customer with a shared secret', async () => {
    const project = await withSharedKey();
    expect((await use(await sign(project))).status).toBe(200);
  });

  it('are signed by the customer with an Ed25519 key', async () => {
    const project = await edge.createProject();
    const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
    const { x } = await exportJWK(publicKey);
    const body = { kid: 'ed', algorithm: 'EdDSA', publicKey: x };
    await edge.get('POST', '/v1/signing-keys', { bearer: project.admin, body });
    const claims = { aud: project.id, sub: 'anna', scope: 'infer', exp: seconds() + 600 };
    const header = { alg: 'EdDSA', kid: 'ed' };
    expect((await use(await new SignJWT(claims).setProtectedHeader(header).sign(privateKey))).status).toBe(200);
    const other = await generateKeyPair('EdDSA');
    const forged = await new SignJWT(claims).setProtectedHeader(header).sign(other.privateKey);
    expect(await use(forged)).toMatchObject({ status: 401, body: { code: 'token_invalid' } });
    // The public key, used as a shared secret: the oldest trick.
    const confused = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'ed' }).sign(utf8(x ?? ''));
    expect(await use(confused)).toMatchObject({ status: 401, body: { code: 'token_invalid' } });
  });

  it.each<[string, string, Changes]>([
    ['expired', 'token_expired', { claims: { exp: seconds() - 60 } }],
    ['valid for longer than an hour', 'token_invalid', { claims: { exp: seconds() + 7200 } }],
    ['without an end', 'token_invalid', { claims: { exp: undefined } }],
    ['without a user', 'token_invalid', { claims: { sub: undefined } }],
    ['for a user with spaces', 'token_invalid', { claims: { sub: 'Anna Example' } }],
    ['not yet valid', 'token_invalid', { claims: { nbf: seconds() + 600 } }],
    ['signed with another secret', 'token_invalid', { secret: `${SECRET}!` }],
    ['of an unknown kid', 'token_invalid', { header: { kid: 'other' } }],
    ['that claims to be the edge’s', 'token_invalid', { header: { kid: 'edge' } }],
    ['without a kid', 'token_invalid', { header: { kid: undefined as never } }],
    ['of another algorithm', 'token_invalid', { header: { alg: 'HS512' } }],
    ['for two audiences', 'token_invalid', { claims: { aud: ['a', 'b'] } }],
    ['for an unknown project', 'token_invalid', { claims: { aud: 'nobody' } }],
  ])('%s are refused', async (_, code, changes) => {
    const project = await withSharedKey();
    expect(await use(await sign(project, changes))).toMatchObject({ status: 401, body: { code } });
  });

  it('without a signature are refused', async () => {
    const project = await withSharedKey();
    const [, payload] = (await sign(project)).split('.');
    for (const alg of ['none', 'None', 'HS256']) {
      const header = btoa(JSON.stringify({ alg, kid: 'main' })).replaceAll('=', '');
      expect(await use(`${header}.${payload}.`)).toMatchObject({ status: 401, body: { code: 'token_invalid' } });
    }
  });

  it('are refused with any letter changed', async () => {
    const project = await withSharedKey();
    const token = await sign(project);
    for (let at = 0; at < token.length; at += 7) {
      if (token[at] === '.') continue;
      // Two letters that differ in a bit that counts, also in the last letter of a part.
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'q' : 'A') + token.slice(at + 1);
      const { status, body } = await use(changed);
      expect([status, body.code], `letter ${at}`).toEqual([401, 'token_invalid']);
    }
  });

  it('of one project do not open another', async () => {
    const ours = await withSharedKey();
    const theirs = await edge.createProject();
    expect(await use(await sign(ours, { claims: { aud: theirs.id } }))).toMatchObject({
      status: 401,
      body: { code: 'token_invalid' },
    });
  });

  it('are refused when they carry no scope that is known', async () => {
    const project = await withSharedKey();
    for (const scope of ['admin', '', undefined, ['infer']]) {
      expect(await use(await sign(project, { claims: { scope } }))).toMatchObject({
        status: 403,
        body: { code: 'forbidden' },
      });
    }
  });

  it('end with their signing key', async () => {
    const project = await withSharedKey();
    const token = await sign(project);
    expect((await use(token)).status).toBe(200);
    const revoked = await edge.call('DELETE', '/v1/signing-keys/main', { bearer: project.admin });
    expect(revoked).toMatchObject({ status: 200, body: { kid: 'main', revokedAt: expect.any(Number) } });
    expect(await use(token)).toMatchObject({ status: 401, body: { code: 'token_invalid' } });
  });

  it('are accepted from the edge’s own pages and from listed origins', async () => {
    const { createUserToken } = await edge.createProject({ allowedOrigins: ['https://shop.example'] });
    const bearer = await createUserToken('anna');
    for (const [origin, status] of [
      [edge.url, 200],
      ['https://shop.example', 200],
      ['https://evil.example', 403],
    ] as const) {
      const answer = await edge.call('GET', '/v1/models', { bearer, headers: { origin } });
      expect(answer.status, origin).toBe(status);
      expect(answer.headers.get('access-control-allow-origin')).toBe(status === 200 ? origin : null);
    }
  });
});

describeOnHosts('signing keys', (edge) => {
  const create = (bearer: string, body: unknown) => edge.call('POST', '/v1/signing-keys', { bearer, body });
  const shared = { kid: 'main', algorithm: 'HS256', secret: SECRET };

  it('are listed without their material, and a kid is used once', async () => {
    const { admin } = await edge.createProject();
    expect((await create(admin, shared)).body).toMatchObject({ kid: 'main', algorithm: 'HS256', revokedAt: null });
    const { body } = await edge.call('GET', '/v1/signing-keys', { bearer: admin });
    expect(body.items).toHaveLength(1);
    expect(JSON.stringify(body)).not.toContain(SECRET);
    expect(await create(admin, shared)).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    await edge.get('DELETE', '/v1/signing-keys/main', { bearer: admin });
    expect(await create(admin, shared)).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    expect(await create(admin, { ...shared, kid: 'edge' })).toMatchObject({
      status: 409,
      body: { code: 'already_exists' },
    });
    const missing = await edge.call('DELETE', '/v1/signing-keys/nobody', { bearer: admin });
    expect(missing).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it.each([
    ['a short secret', { ...shared, secret: 'short' }],
    ['an unknown algorithm', { ...shared, algorithm: 'RS256' }],
    ['a public key that is none', { kid: 'ed', algorithm: 'EdDSA', publicKey: 'x'.repeat(40) }],
    ['a secret under EdDSA', { kid: 'ed', algorithm: 'EdDSA', secret: SECRET }],
  ])('are not made of %s', async (_, body) => {
    const { admin } = await edge.createProject();
    expect(await create(admin, body)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});
