import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { createClient, EdgeError } from '../../../shared/client/client.ts';
import { busy, failure, json, type Seen, useScriptedServer } from './scripted-server.ts';

const server = useScriptedServer();
const { connect } = server;

test('a call carries method, path, query, key and body', async () => {
  server.answers = [json(200, { items: [], next: null })];
  await connect({ edge: `${server.edge}/prefix/` }).listPreferences({ domain: 'tone', after: 7 });
  server.answers = [json(201, { id: 'k' })];
  await connect().createKey({ name: 'ci', scopes: ['ingest'] });
  expect(server.seen).toEqual([
    { method: 'GET', url: '/prefix/v1/preferences?domain=tone&after=7', authorization: 'Bearer sk_a_b', body: '' },
    { method: 'POST', url: '/v1/keys', authorization: 'Bearer sk_a_b', body: '{"name":"ci","scopes":["ingest"]}' },
  ]);
});

test('a refusal is an EdgeError with the edge’s code, status, request and issues', async () => {
  const issues = [{ path: 'holdOut', message: 'too big' }];
  server.answers = [json(400, { code: 'invalid_request', message: 'The body is wrong', requestId: 'r9', issues })];
  const error = await failure(connect().getStats('tone'));
  expect(error).toBeInstanceOf(EdgeError);
  expect({ ...error }).toMatchObject({ code: 'invalid_request', status: 400, requestId: 'r9', issues });
  expect(error.message).toBe('The body is wrong');
  expect(server.seen).toHaveLength(1);
});

test('reads and idempotent writes are tried again with growing, jittered pauses', async () => {
  server.answers = [busy, json(429, {}), busy, json(200, { created: 1, duplicates: 0, rejected: 0, items: [] })];
  await connect().createPreferences([]);
  expect(server.seen).toHaveLength(4);
  expect(server.pauses).toEqual([125, 250, 500]);
});

test('every attempt of a vote carries the same id', async () => {
  server.answers = [busy, json(201, {})];
  const comparison = '01890a5d-ac96-774b-bcce-b302099a8057';
  await connect().createPreference({ comparison, choice: { type: 'tie' } });
  expect(server.seen[0]?.body).toBe(server.seen[1]?.body);
  expect(JSON.parse(server.seen[0]?.body ?? '').id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
});

test('what would act twice is sent once', async () => {
  server.answers = [busy];
  const client = connect();
  const runner = { baseModel: 'tiny', runner: 'r' };
  for (const call of [
    () => client.createKey({ name: 'ci', scopes: ['admin'] }),
    () => client.leaseBatch(runner),
    () => client.rollback('tone'),
    () => client.chat({ model: 'tone', messages: [{ role: 'user', content: 'Hi' }] }),
  ]) {
    server.seen.length = 0;
    expect((await failure(call())).code).toBe('inference_unavailable');
    expect(server.seen).toHaveLength(1);
  }
});

test('it gives up after the retries it was given, and never repeats a refusal', async () => {
  server.answers = [busy];
  expect((await failure(connect({ retries: 2 }).getHealth())).status).toBe(503);
  expect(server.seen).toHaveLength(3);
  server.answers = [json(404, { code: 'not_found', message: 'no such domain', requestId: 'r' })];
  server.seen.length = 0;
  expect((await failure(connect().getDomain('a/b'))).code).toBe('not_found');
  expect(server.seen.map((each) => each.url)).toEqual(['/v1/domains/a%2Fb']);
});

test('Retry-After is waited for, in seconds or as a date, unless it is longer than a minute', async () => {
  const later = (value: string) => json(429, { code: 'internal', message: 'slow down' }, { 'retry-after': value });
  server.answers = [later('3'), later(new Date(Date.now() + 20_000).toUTCString()), json(200, {})];
  await connect().getHealth();
  expect(server.pauses[0]).toBeCloseTo(3000 + 125 / 4, 5);
  expect(server.pauses[1]).toBeGreaterThan(18_000);
  expect(server.pauses[1]).toBeLessThan(21_000);
  server.answers = [later('3600')];
  expect((await failure(connect().getHealth())).status).toBe(429);
  expect(server.seen).toHaveLength(4);
});

test('a Retry-After that is neither is as good as none', async () => {
  server.answers = [json(503, { code: 'internal', message: 'soon' }, { 'retry-after': 'soon' }), json(200, {})];
  await connect().getHealth();
  expect(server.pauses).toEqual([125]);
});

test('an edge that is not there is a network error that says so', async () => {
  const error = await failure(connect({ edge: 'http://127.0.0.1:1', retries: 1 }).getHealth());
  expect([error.code, error.status]).toEqual(['network', 0]);
  expect(error.message).toMatch(/^cannot reach http:\/\/127\.0\.0\.1:1: \S/);
  expect(server.pauses).toHaveLength(1);
});

test('an answer that never comes, or stops half way, runs into the time-out', async () => {
  for (const stall of [
    () => undefined,
    (_: Seen, response: ServerResponse) => void response.writeHead(200).write('{"status":'),
  ]) {
    server.answers = [stall];
    const error = await failure(connect({ timeoutMs: 60, retries: 0 }).getHealth());
    expect(error.code).toBe('timeout');
    expect(error.message).toContain('in 60 ms');
  }
});

test('a connection that is cut is tried again', async () => {
  server.answers = [(_, response) => response.destroy(), json(200, { status: 'ok' })];
  expect(await connect().getHealth()).toEqual({ status: 'ok' });
});

test('what is not the edge’s answer is called so, with its status', async () => {
  server.answers = [(_, response) => response.writeHead(403).end('<html>blocked</html>')];
  expect(await failure(connect().getHealth())).toMatchObject({ code: 'invalid_answer', status: 403 });
  server.answers = [(_, response) => response.writeHead(200).end('<html>log in</html>')];
  expect(await failure(connect().getHealth())).toMatchObject({ code: 'invalid_answer', status: 200 });
});

test('an aborted call throws the caller’s reason, while waiting for an answer and between attempts', async () => {
  server.answers = [() => undefined];
  const waiting = new AbortController();
  const first = failure(connect().getHealth({ signal: waiting.signal }));
  setTimeout(() => waiting.abort(new Error('the page was closed')), 30);
  expect((await first).message).toBe('the page was closed');

  server.answers = [json(429, {}, { 'retry-after': '30' })];
  const pausing = new AbortController();
  const second = failure(createClient({ edge: server.edge }).getHealth({ signal: pausing.signal }));
  setTimeout(() => pausing.abort(new Error('the page was closed again')), 80);
  expect((await second).message).toBe('the page was closed again');
});

test('a token may be a function, asked for every attempt', async () => {
  let minted = 0;
  server.answers = [busy, json(200, {})];
  await connect({ token: async () => `jwt${++minted}` }).getProject();
  expect(server.seen.map((each) => each.authorization)).toEqual(['Bearer jwt1', 'Bearer jwt2']);
});

test('no batch to lease is null', async () => {
  server.answers = [(_, response) => response.writeHead(204).end()];
  expect(await connect().leaseBatch({ baseModel: 'tiny', runner: 'r' })).toBeNull();
});

test('every preference is read, page by page', async () => {
  const pages = new Map([
    ['', { items: [{ seq: 1 }, { seq: 2 }], next: 2 }],
    ['2', { items: [{ seq: 3 }], next: 3 }],
    ['3', { items: [], next: null }],
  ]);
  server.answers = [
    (each, response) =>
      json(200, pages.get(new URL(each.url, server.edge).searchParams.get('after') ?? ''))(each, response),
  ];
  const found: number[] = [];
  for await (const preference of connect().eachPreference({ domain: 'tone' })) found.push(preference.seq);
  expect(found).toEqual([1, 2, 3]);
});

test('a streamed answer arrives whole, wherever its bytes are cut', async () => {
  const chunk = (content: string) => ({
    id: 'c',
    model: 'tone',
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  });
  const events = ['Grüße ', '👩‍👩‍👧', '\n'].map((each) => `data: ${JSON.stringify(chunk(each))}\r\n\r\n`).join('');
  const bytes = Buffer.from(`: hello\n\n${events}data: [DONE]\n\n`);
  for (const size of [1, 7, 4096]) {
    server.answers = [
      async (_, response) => {
        response.writeHead(200, { 'x-prefloop-adapter': 'base', 'content-type': 'text/event-stream' });
        for (let at = 0; at < bytes.length; at += size) response.write(bytes.subarray(at, at + size));
        response.end();
      },
    ];
    const { adapter, chunks } = await connect().streamChat({
      model: 'tone',
      messages: [{ role: 'user', content: 'Hi' }],
    });
    let text = '';
    for await (const each of chunks) text += each.choices[0]?.delta.content ?? '';
    expect([adapter, text]).toEqual([null, 'Grüße 👩‍👩‍👧\n']);
    expect(JSON.parse(server.seen.at(-1)?.body ?? '').stream).toBe(true);
  }
});

test('a stream that breaks off, or reports a failure, is an error and not a short answer', async () => {
  const half = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'Half' }, finish_reason: null }] })}\n\n`;
  for (const [end, message] of [
    ['', 'the answer broke off'],
    ['data: {"error":{"code":"inference_failed","message":"out of memory"}}\n\n', 'out of memory'],
  ] as const) {
    server.answers = [(_, response) => void response.writeHead(200).end(half + end)];
    const { chunks } = await connect().streamChat({ model: 'tone', messages: [{ role: 'user', content: 'Hi' }] });
    expect((await chunks.next()).value?.choices[0]?.delta.content).toBe('Half');
    expect(await failure(chunks.next())).toMatchObject({ code: 'inference_failed', message });
  }
});

test('for a page it is small and brings no library along', async () => {
  const entryPoints = [new URL('../../../shared/client/client.ts', import.meta.url).pathname];
  const bundle = await build({ entryPoints, bundle: true, minify: true, format: 'esm', write: false, metafile: true });
  const sources = Object.keys(bundle.metafile.inputs).map((path) => path.replace(/^.*shared\//, ''));
  expect(sources.filter((path) => !/^(client|math)\//.test(path))).toEqual([]);
  expect(gzipSync(bundle.outputFiles[0]?.contents ?? '', { level: 9 }).length).toBeLessThan(4500);
});

test('pictures are asked for once, say what drew them, and come as bytes', async () => {
  const drawn = { created: 1, data: [{ sha256: 'a'.repeat(64), seed: 5 }], personal: null, comparison: null };
  server.answers = [json(200, drawn, { 'x-prefloop-adapter': 'b'.repeat(64) }), busy];
  const client = connect();
  const request = { model: 'sprites', prompt: 'a creature', seed: 5, personal: false };
  expect(await client.generateImages(request)).toEqual({ ...drawn, adapter: 'b'.repeat(64) });
  expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual(request);
  expect((await failure(client.generateImages(request))).status).toBe(503);
  expect(server.seen).toHaveLength(2);

  server.answers = [(_, response) => response.end(Uint8Array.of(1, 2, 3))];
  expect(await client.downloadImage('c'.repeat(64))).toEqual(Uint8Array.of(1, 2, 3));
  expect(server.seen.at(-1)).toMatchObject({ method: 'GET', url: `/v1/images/${'c'.repeat(64)}` });
});
