import { SignJWT } from 'jose';
import { expect, it } from 'vitest';
import { describeOnHosts, type TestEdge, type TestProject } from '../hosts.ts';

const HOUR_MS = 3_600_000;

describeOnHosts('the console’s session', (edge) => {
  const own = () => ({ origin: edge.url });

  async function signIn(key: string, headers: Record<string, string> = own()) {
    const answer = await edge.call('POST', '/console/session', { body: { key }, headers });
    return { ...answer, cookie: answer.headers.get('set-cookie') ?? '' };
  }
  const pairOf = (cookie: string) => /^[^;]+/.exec(cookie)?.[0] ?? '';
  async function cookieOf(project: TestProject): Promise<string> {
    return pairOf((await signIn(project.admin)).cookie);
  }
  const withCookie = (cookie: string, headers: Record<string, string> = {}) => ({ headers: { cookie, ...headers } });

  it('opens with an admin key and names project, key and end, never the key itself', async () => {
    const { id, admin } = await edge.createProject({ name: 'The shop' });
    const { status, body, headers, cookie } = await signIn(admin);
    expect(status).toBe(200);
    expect(body).toEqual({
      project: { id, name: 'The shop' },
      key: admin.split('_')[1],
      expiresAt: expect.any(Number),
    });
    expect(body.expiresAt / HOUR_MS).toBeCloseTo(Date.now() / HOUR_MS + 12, 1);
    expect(cookie.split('; ').slice(1).sort()).toEqual(['HttpOnly', 'Max-Age=43200', 'Path=/', 'SameSite=Strict']);
    expect(cookie).toMatch(/^prefloop-console=/);
    expect(decodeURIComponent(cookie)).not.toContain(admin.split('_').slice(2).join('_'));
    expect(headers.get('cache-control')).toBe('no-store');
    const who = await edge.call('GET', '/console/session', withCookie(pairOf(cookie)));
    expect([who.status, who.body]).toEqual([200, body]);
  });

  // Cloudflare asks a Worker over https itself; the proxy of `wrangler dev` rewrites these headers.
  it.runIf(edge.host === 'deno')('is bound to its host and to https behind a proxy that speaks https', async () => {
    const { admin } = await edge.createProject();
    const proxied = { 'x-forwarded-proto': 'https', origin: edge.url.replace('http:', 'https:') };
    const { status, cookie } = await signIn(admin, proxied);
    expect(status).toBe(200);
    expect(cookie).toMatch(/^__Host-prefloop-console=/);
    expect(cookie.split('; ')).toContain('Secure');
    const read = (headers: Record<string, string>) =>
      edge.call('GET', '/v1/project', withCookie(pairOf(cookie), headers));
    expect((await read(proxied)).status).toBe(200);
    expect((await read({})).status).toBe(401);
    const plain = withCookie(pairOf(cookie).replace('__Host-', ''), proxied);
    expect((await edge.call('GET', '/v1/project', plain)).status).toBe(401);
  });

  it('lets the page do what the key may do, in the key’s name', async () => {
    const project = await edge.createProject();
    await project.createDomain();
    const cookie = await cookieOf(project);
    const read = await edge.call('GET', '/v1/domains/replies', withCookie(cookie));
    expect(read.status).toBe(200);
    expect(read.headers.get('access-control-allow-origin')).toBeNull();
    const changed = await edge.call('PATCH', '/v1/domains/replies', {
      body: { batchSize: 5 },
      ...withCookie(cookie, own()),
    });
    expect(changed).toMatchObject({ status: 200, body: { batchSize: 5 } });
    expect(changed.headers.get('access-control-allow-origin')).toBeNull();
    const projects = await edge.call('POST', '/v1/projects', { body: { id: 'a' }, ...withCookie(cookie, own()) });
    expect(projects).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  it('gives way to a bearer', async () => {
    const [ours, theirs] = [await edge.createProject(), await edge.createProject()];
    const answer = await edge.call('GET', '/v1/project', { bearer: theirs.admin, ...withCookie(await cookieOf(ours)) });
    expect(answer.body.id).toBe(theirs.id);
  });

  it.each([
    ['no page', {}],
    ['another site', { origin: 'https://evil.example' }],
    ['a page without an origin', { origin: 'null' }],
    ['another port of the host', { origin: 'http://127.0.0.1:1' }],
    ['a page that only says it is ours', { 'sec-fetch-site': 'cross-site' }],
  ])('changes nothing for %s', async (name, headers) => {
    const project = await edge.createProject({ allowedOrigins: ['https://evil.example', 'http://127.0.0.1:1'] });
    const cookie = await cookieOf(project);
    const sent = 'sec-fetch-site' in headers ? { ...own(), ...headers } : (headers as Record<string, string>);
    for (const [method, path, body] of [
      ['POST', '/v1/keys', { name: 'theirs', scopes: ['admin'] }],
      ['PATCH', '/v1/project', { name: 'theirs' }],
      ['DELETE', '/console/session', undefined],
      ['POST', '/console/session', { key: project.admin }],
    ] as const) {
      const answer = await edge.call(method, path, { body, ...withCookie(cookie, sent) });
      expect(answer, `${name} ${method} ${path}`).toMatchObject({ status: 403, body: { code: 'origin_not_allowed' } });
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      expect(answer.headers.get('set-cookie')).toBeNull();
    }
    expect((await edge.get('GET', '/v1/keys', { bearer: project.admin })).items).toHaveLength(1);
  });

  it('shows nothing to another site, not even to a listed one', async () => {
    const project = await edge.createProject({ allowedOrigins: ['https://shop.example'] });
    const cookie = await cookieOf(project);
    for (const headers of [{ origin: 'https://shop.example' }, { 'sec-fetch-site': 'same-site' }] as const) {
      for (const path of ['/v1/keys', '/console/session']) {
        const answer = await edge.call('GET', path, withCookie(cookie, headers as unknown as Record<string, string>));
        expect(answer).toMatchObject({ status: 403, body: { code: 'origin_not_allowed' } });
        expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      }
    }
    const typed = await edge.call('GET', '/v1/keys', withCookie(cookie, { 'sec-fetch-site': 'none' }));
    expect(typed.status).toBe(200);
  });

  it('ends when it is told to, and the cookie is cleared', async () => {
    const project = await edge.createProject();
    const answer = await edge.call('DELETE', '/console/session', withCookie(await cookieOf(project), own()));
    expect(answer.status).toBe(204);
    expect(answer.headers.get('set-cookie')).toMatch(/^prefloop-console=;.*Max-Age=0/);
    expect(await edge.call('GET', '/console/session')).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
  });

  it('ends with its key', async () => {
    const project = await edge.createProject();
    const key = await project.createKey(['admin']);
    const cookie = pairOf((await signIn(key)).cookie);
    expect((await edge.call('GET', '/v1/project', withCookie(cookie))).status).toBe(200);
    await edge.get('DELETE', `/v1/keys/${key.split('_')[1]}`, { bearer: project.admin });
    for (const path of ['/v1/project', '/console/session']) {
      const answer = await edge.call('GET', path, withCookie(cookie));
      expect(answer).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    }
    expect((await signIn(key)).status).toBe(401);
  });

  it.each([
    ['no key', 'hello', 401, 'unauthorized'],
    ['an unknown key', `sk_${'0'.repeat(16)}_${'a'.repeat(43)}`, 401, 'unauthorized'],
    ['nothing', '', 400, 'invalid_request'],
  ])('does not open with %s', async (_, key, status, code) => {
    const answer = await signIn(key);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.cookie).toBe('');
  });

  it('does not open with a key that is no admin’s, nor with a user’s token', async () => {
    const project = await edge.createProject();
    for (const key of [await project.createKey(['ingest', 'train', 'infer']), await project.createKey([], 'public')])
      expect(await signIn(key)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect((await signIn(await project.createUserToken('anna'))).status).toBeGreaterThanOrEqual(400);
  });

  it('answers ten wrong tries at a key in a minute, and shuts nobody else out', async () => {
    const [ours, theirs] = [await edge.createProject(), await edge.createProject()];
    const wrong = `${ours.admin.slice(0, -43)}${'a'.repeat(43)}`;
    for (let i = 0; i < 10; i++) expect((await signIn(wrong)).status).toBe(401);
    for (const key of [wrong, ours.admin]) {
      const refused = await signIn(key);
      expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_tries' } });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect((await signIn(theirs.admin)).status).toBe(200);
    expect((await edge.call('GET', '/v1/project', { bearer: ours.admin })).status).toBe(200);
  });

  it('is not forged', async () => {
    const [ours, theirs] = [await edge.createProject(), await edge.createProject()];
    const [mine, other] = [await cookieOf(ours), await cookieOf(theirs)];
    const id = (key: string) => key.split('_')[1] ?? '';
    const sign = (secret: string, audience: string, subject: string) =>
      new SignJWT()
        .setProtectedHeader({ alg: 'HS256' })
        .setAudience(audience)
        .setSubject(subject)
        .setExpirationTime('2h')
        .sign(new TextEncoder().encode(secret));
    const [, payload = '', signature = ''] = mine.split('=')[1]?.split('.') ?? [];
    const [header = '', theirPayload = '', theirSignature = ''] = other.split('=')[1]?.split('.') ?? [];
    const unsigned = `${btoa('{"alg":"none"}').replaceAll('=', '')}.${payload}.`;
    const userToken = await ours.createUserToken(id(ours.admin));
    const forged = [
      await sign('a guess', ours.id, id(ours.admin)),
      await sign(ours.admin, ours.id, id(ours.admin)),
      unsigned,
      // Our key under their project's signature, and the other way round.
      `${header}.${payload}.${theirSignature}`,
      `${header}.${theirPayload}.${signature}`,
      // Another kind of token, signed with the same project's secret.
      userToken,
      `${mine.split('=')[1]?.slice(0, -2)}AA`,
      ours.admin,
      'x',
      '..',
      '%00',
    ];
    for (const value of forged) {
      for (const path of ['/v1/project', '/console/session']) {
        const answer = await edge.call('GET', path, withCookie(`prefloop-console=${value}`));
        expect(answer, value).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
      }
    }
    expect((await edge.call('GET', '/v1/project', withCookie(mine))).body.id).toBe(ours.id);
  });
});

describeOnHosts('the console’s page', (edge) => {
  it('comes with a policy that lets its own script and style run and nothing else', async () => {
    const { status, body, headers } = await edge.call('GET', '/console');
    expect(status).toBe(200);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).not.toContain('unsafe');
    for (const rule of ["default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "form-action 'none'"])
      expect(policy).toContain(rule);
    for (const element of ['script', 'style']) {
      const text = new RegExp(`<${element}[^>]*>([^]*?)</${element}>`).exec(body)?.[1] ?? '';
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
      expect(policy).toContain(`${element}-src 'sha256-${Buffer.from(digest).toString('base64')}'`);
    }
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  });
});

describeOnHosts('a console’s session of yesterday', (edge: TestEdge) => {
  it('has ended after twelve hours', async () => {
    const { admin } = await edge.createProject();
    const headers = { origin: edge.url };
    const opened = await edge.call('POST', '/console/session', { body: { key: admin }, headers });
    const cookie = /^[^;]+/.exec(opened.headers.get('set-cookie') ?? '')?.[0] ?? '';
    const read = (path: string) => edge.call('GET', path, { headers: { cookie } });
    await edge.restart({ CLOCK_OFFSET_MS: String(11.9 * HOUR_MS) });
    expect((await read('/v1/project')).status).toBe(200);
    await edge.restart({ CLOCK_OFFSET_MS: String(12 * HOUR_MS + 1000) });
    for (const path of ['/v1/project', '/console/session'])
      expect(await read(path)).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
  }, 300_000);
});
