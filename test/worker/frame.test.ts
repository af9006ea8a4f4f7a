import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { describeOnHosts, ROOT_KEY } from './hosts.ts';

/** A start takes a second; on a machine that is busy with other tests, many. */
const STARTS = 300_000;

describeOnHosts('the frame', (edge) => {
  const post = (raw: BodyInit, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    edge.call('POST', '/v1/projects', { bearer: ROOT_KEY, raw, headers });

  it('says that it is healthy', async () => {
    const { status, body } = await edge.call('GET', '/v1/health');
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'ok', host: edge.host, database: true, files: true, inference: null });
  });

  it('answers every error in one shape, with the id of the request', async () => {
    const { body, headers } = await edge.call('GET', '/v1/project');
    expect(Object.keys(body).sort()).toEqual(['code', 'message', 'requestId']);
    expect(headers.get('x-request-id')).toBe(body.requestId);
  });

  it('tells a path that is not there from a method that it does not take', async () => {
    const { admin } = await edge.createProject();
    const nowhere = await edge.call('GET', '/v1/nowhere', { bearer: admin });
    expect(nowhere).toMatchObject({ status: 404, body: { code: 'not_found' } });
    const wrong = await edge.call('DELETE', '/v1/domains/a', { bearer: admin });
    expect(wrong).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
    expect(wrong.headers.get('allow')).toBe('GET, PATCH');
  });

  it.each(['', '{', '{"id": "a",}', '[1, 2', 'id=a', '\u0000', '{"id": "\ud800"'])(
    'refuses the malformed JSON %j',
    async (raw) => {
      expect(await post(raw)).toMatchObject({ status: 400, body: { code: 'invalid_json' } });
    },
  );

  it.each(['null', '[]', '"text"', '1'])('refuses the JSON %s, which is no object', async (raw) => {
    expect(await post(raw)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  it('refuses bytes that are no UTF-8 where they would be stored', async () => {
    const bytes = new Uint8Array(
      [...'{"id": "a", "name": "'].map((letter) => letter.charCodeAt(0)).concat(0xff, 0x22, 0x7d),
    );
    // Decoded with replacement characters, as the web platform does: stored text is always valid Unicode.
    const made = await edge.call('POST', '/v1/projects', {
      bearer: ROOT_KEY,
      raw: bytes,
      headers: { 'content-type': 'application/json' },
    });
    expect(made.body.project?.name ?? '').toBe('\ufffd');
  });

  it('asks for JSON when it is sent something else', async () => {
    for (const headers of [{ 'content-type': 'text/plain' }, { 'content-type': 'application/x-www-form-urlencoded' }]) {
      const { status, body } = await post('{"id": "a"}', headers);
      expect([status, body.code]).toEqual([400, 'invalid_request']);
      expect(body.message).toContain('application/json');
    }
  });

  it('names every field that is wrong', async () => {
    const { body } = await post('{"id": "A B", "name": "", "colour": 1}');
    expect(body.code).toBe('invalid_request');
    expect(body.issues.map(({ path }: { path: string }) => path).sort()).toEqual(['', 'id', 'name']);
    expect(JSON.stringify(body.issues)).toContain('colour');
  });

  it('refuses a body of more than 16 MB, with and without its length in the header', async () => {
    const large = `{"id": "a", "name": "${'x'.repeat(16_000_001)}"}`;
    expect(await post(large)).toMatchObject({ status: 413, body: { code: 'too_large' } });
    const response = await fetch(`${edge.url}/v1/projects`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ROOT_KEY}`, 'content-type': 'application/json' },
      body: new Blob([large]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect([response.status, await response.json()]).toMatchObject([413, { code: 'too_large' }]);
  });

  it('outlives clients that go away in the middle of an upload', async () => {
    const { hostname, port } = new URL(edge.url);
    for (let i = 0; i < 5; i++) {
      const socket = connect(Number(port), hostname).on('error', () => {});
      socket.write(`POST /v1/projects HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${ROOT_KEY}\r\n`);
      socket.write(`Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(100_000)}`);
      await new Promise((done) => setTimeout(done, 50));
      socket.destroy();
    }
    expect((await edge.call('GET', '/v1/health')).status).toBe(200);
  });

  it('lets a page ask before it calls, and shows its answers to pages of listed origins alone', async () => {
    const preflight = await fetch(`${edge.url}/v1/preferences`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://shop.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, content-type',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://shop.example');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull();

    const { createUserToken } = await edge.createProject({ allowedOrigins: ['https://shop.example'] });
    const bearer = await createUserToken('anna');
    const call = (origin: string) => edge.call('GET', '/v1/models', { bearer, headers: { origin } });
    const listed = await call('https://shop.example');
    expect(listed.headers.get('access-control-allow-origin')).toBe('https://shop.example');
    const exposed = listed.headers.get('access-control-expose-headers')?.split(', ');
    expect(exposed).toEqual(['x-prefloop-adapter', 'x-prefloop-encoder', 'x-request-id', 'retry-after']);
    expect(listed.headers.get('vary')).toContain('origin');
    const other = await call('https://shop.example.evil.example');
    expect(other).toMatchObject({ status: 403, body: { code: 'origin_not_allowed' } });
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('lets a listed page read why its token was refused', async () => {
    const { createUserToken } = await edge.createProject({ allowedOrigins: ['https://shop.example'] });
    const token = await createUserToken('anna');
    const forged = `${token.slice(0, -4)}AAAA`;
    const refused = await edge.call('GET', '/v1/models', {
      bearer: forged,
      headers: { origin: 'https://shop.example' },
    });
    expect(refused).toMatchObject({ status: 401, body: { code: 'token_invalid' } });
    expect(refused.headers.get('access-control-allow-origin')).toBe('https://shop.example');
  });

  it('keeps what was acknowledged when it is killed', { timeout: STARTS }, async () => {
    const { admin, createDomain } = await edge.createProject();
    await createDomain({ id: 'kept' });
    await edge.crash();
    expect(await edge.call('GET', '/v1/domains/kept', { bearer: admin })).toMatchObject({
      status: 200,
      body: { id: 'kept' },
    });
  });

  it('has tokens end by the server’s clock', { timeout: STARTS }, async () => {
    const { createUserToken } = await edge.createProject();
    const bearer = await createUserToken('anna');
    expect((await edge.call('GET', '/v1/models', { bearer })).status).toBe(200);
    await edge.restart({ CLOCK_OFFSET_MS: String(2 * 3600 * 1000) });
    expect(await edge.call('GET', '/v1/models', { bearer })).toMatchObject({
      status: 401,
      body: { code: 'token_expired' },
    });
    await edge.restart({ CLOCK_OFFSET_MS: '0' });
  });
});
