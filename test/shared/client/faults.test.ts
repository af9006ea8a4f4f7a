/** What goes wrong around a call, and how the caller hears of it: always an EdgeError, or the caller's own reason. */
import { getEventListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createClient, EdgeError } from '../../../shared/client/client.ts';
import { busy, failure, json, type Seen, useScriptedServer } from './scripted-server.ts';

const server = useScriptedServer();
const { connect } = server;
const never = () => new Promise<never>(() => undefined);
const question = { model: 'tone', messages: [{ role: 'user' as const, content: 'Hi' }] };
const piece = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'Half' }, finish_reason: null }] })}\n\n`;
const begin = (more: (response: ServerResponse) => void) => (_: Seen, response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(piece, () => more(response));
};

describe('the time of a call', () => {
  test('is its own where the caller names none, even as undefined', async () => {
    server.answers = [json(200, {})];
    const asked: number[] = [];
    const { setTimeout } = globalThis;
    globalThis.setTimeout = ((run: () => void, milliseconds: number) => {
      asked.push(milliseconds);
      return setTimeout(run, milliseconds);
    }) as typeof setTimeout;
    try {
      await connect({ timeoutMs: 5000 }).rollback('tone', {}, { timeoutMs: undefined, signal: undefined });
    } finally {
      globalThis.setTimeout = setTimeout;
    }
    expect(asked).toContain(180_000);
    expect(asked).not.toContain(5000);
  });

  test('may be without end', async () => {
    server.answers = [(_, response) => void setTimeout(() => json(200, { status: 'ok' })(_, response), 30)];
    const client = connect({ timeoutMs: Number.POSITIVE_INFINITY, retries: 0 });
    expect(await client.getHealth()).toEqual({ status: 'ok' });
  });

  test('is over when a stream says nothing for so long, but not while nobody reads it', async () => {
    server.answers = [begin(() => undefined)];
    const { chunks } = await connect().streamChat(question, { timeoutMs: 80 });
    await new Promise((resolve) => setTimeout(resolve, 160));
    expect((await chunks.next()).value?.choices[0]?.delta.content).toBe('Half');
    expect(await failure(chunks.next())).toMatchObject({ name: 'EdgeError', code: 'timeout' });
  });
});

describe('a token function', () => {
  test('that throws is not taken for a lost network, and nothing is sent', async () => {
    const wrong = new Error('the session has ended');
    for (const token of [
      () => Promise.reject(wrong),
      () => {
        throw wrong;
      },
    ]) {
      const error = await failure(connect({ token }).getProject());
      expect(error).toBeInstanceOf(EdgeError);
      expect(error).toMatchObject({ code: 'token', status: 0, cause: wrong });
      expect(error.message).toContain('the session has ended');
    }
    expect([server.seen, server.pauses]).toEqual([[], []]);
  });

  test('that never answers is not waited for longer than the call', async () => {
    const error = await failure(connect({ token: never, timeoutMs: 40 }).getProject());
    expect(error).toMatchObject({ code: 'token', message: 'no token in 40 ms' });
    const stop = new AbortController();
    const call = failure(connect({ token: never }).getProject({ signal: stop.signal }));
    stop.abort(new Error('the page was closed'));
    expect((await call).message).toBe('the page was closed');
    expect(server.seen).toEqual([]);
  });

  test('is not asked where no token is needed', async () => {
    server.answers = [(_, response) => response.end(Uint8Array.of(1))];
    const client = connect({ token: () => expect.unreachable() });
    expect(await client.downloadOpenImage('toys', 'c'.repeat(64))).toEqual(Uint8Array.of(1));
    expect(server.seen).toMatchObject([{ url: `/v1/images/toys/${'c'.repeat(64)}`, authorization: undefined }]);
  });

  test('may give what no header can carry, which is said and not repeated', async () => {
    expect(await failure(connect({ token: 'geheim–schlüssel' }).getProject())).toMatchObject({ code: 'token' });
    expect(server.pauses).toEqual([]);
  });
});

describe('a stream', () => {
  test('that is cut ends in an EdgeError', async () => {
    server.answers = [begin((response) => response.destroy())];
    const { chunks } = await connect().streamChat(question);
    expect((await chunks.next()).value?.choices[0]?.delta.content).toBe('Half');
    const error = await failure(chunks.next());
    expect(error).toBeInstanceOf(EdgeError);
    expect(error).toMatchObject({ code: 'network', message: expect.stringMatching(/^the answer broke off: \S/) });
  });

  test.each(['data: {"choices": [\n\n', 'data: null\n\n', 'data: "done"\n\n', 'data: {"id": "c"}\n\n'])(
    'of which a piece is none is said to be no answer of the edge: %j',
    async (wrong) => {
      server.answers = [begin((response) => response.end(wrong))];
      const { chunks } = await connect().streamChat(question);
      await chunks.next();
      expect(await failure(chunks.next())).toMatchObject({ name: 'EdgeError', code: 'invalid_answer', status: 200 });
    },
  );

  test('that the caller aborts throws the caller’s reason, and the server sees it', async () => {
    const gone = new Promise((resolve) => {
      server.answers = [begin((response) => response.on('close', resolve))];
    });
    const stop = new AbortController();
    const { chunks } = await connect().streamChat(question, { signal: stop.signal });
    await chunks.next();
    const rest = failure(chunks.next());
    stop.abort(new Error('enough'));
    expect((await rest).message).toBe('enough');
    await gone;
  });

  test('that is left early is ended at the server', async () => {
    const gone = new Promise((resolve) => {
      server.answers = [begin((response) => response.on('close', resolve))];
    });
    for await (const _ of (await connect().streamChat(question)).chunks) break;
    await gone;
  });

  test('of a file breaks off in an EdgeError too, and comes whole where it is whole', async () => {
    server.answers = [
      (_, response) => void response.writeHead(200, { 'content-length': 9 }).write('abc', () => response.destroy()),
      (_, response) => response.end('abcdefghi'),
    ];
    const read = async () => {
      const sha = 'a'.repeat(64);
      return new Response(await connect().downloadAdapterFile(sha, 'adapter_config.json')).text();
    };
    const cut = await connect().downloadAdapterFile('a'.repeat(64), 'adapter_config.json');
    expect(await failure(cut.pipeTo(new WritableStream()))).toMatchObject({ name: 'EdgeError', code: 'network' });
    expect(await read()).toBe('abcdefghi');
  });
});

describe('events of a domain', () => {
  const state = (now: number) => `event: state\ndata: ${JSON.stringify({ now })}\n\n`;

  test('come one by one, and are gone on from where the edge ends the stream', async () => {
    server.answers = [
      (_, response) => response.end(`: hello\n\n${state(1)}${state(2)}`),
      (_, response) => response.end(state(3)),
    ];
    const found: number[] = [];
    for await (const { now } of connect().watchDomain('tone')) if (found.push(now) === 3) break;
    expect(found).toEqual([1, 2, 3]);
    expect(server.seen.map(({ url }) => url)).toEqual(Array(2).fill('/v1/domains/tone/events'));
  });

  test('that end in the middle of an event tell what was whole', async () => {
    server.answers = [
      (_, response) => response.end(`${state(1)}event: state\ndata: {"now":`),
      (_, response) => response.end(state(2)),
    ];
    const states = connect().watchDomain('tone');
    expect([(await states.next()).value, (await states.next()).value]).toEqual([{ now: 1 }, { now: 2 }]);
    await states.return(undefined);
  });

  test('that break off are gone on from; what refuses them, or none at all, is an error', async () => {
    server.answers = [
      (_, response) => void response.writeHead(200).write(state(1), () => response.destroy()),
      (_, response) => void response.writeHead(200).write(state(2), () => response.destroy()),
      (_, response) => void response.writeHead(403).end('{"code":"forbidden","message":"no"}'),
    ];
    const states = connect().watchDomain('tone');
    expect((await states.next()).value).toEqual({ now: 1 });
    expect((await states.next()).value).toEqual({ now: 2 });
    expect(await failure(states.next())).toMatchObject({ name: 'EdgeError', code: 'forbidden' });
    server.answers = [(_, response) => response.end()];
    expect(await failure(connect().watchDomain('tone').next())).toMatchObject({ code: 'invalid_answer' });
  });
});

describe('the caller’s signal', () => {
  test('is let go of when a call ends, however it ends', async () => {
    const { signal } = new AbortController();
    server.answers = [busy, json(404, { code: 'not_found', message: 'none', requestId: 'r' }), json(200, {})];
    await failure(connect().getDomain('tone', { signal }));
    await connect().getHealth({ signal });
    server.answers = [(_, response) => response.end(`${piece}data: [DONE]\n\n`)];
    for await (const _ of (await connect().streamChat(question, { signal })).chunks);
    for await (const _ of (await connect().streamChat(question, { signal })).chunks) break;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('wins over a refusal that comes at the same time', async () => {
    const stop = new AbortController();
    server.answers = [
      (_, response) => {
        response.writeHead(404).write('{"code":', () => stop.abort(new Error('enough')));
      },
    ];
    expect((await failure(connect().getHealth({ signal: stop.signal }))).message).toBe('enough');
  });
});

describe('what cannot be sent', () => {
  test('is the caller’s own error, and not a lost network', async () => {
    const prompt = { messages: [{ role: 'user' as const, content: 1n as unknown as string }] };
    const call = connect().createComparison({ domain: 'tone', prompt });
    expect(await failure(call)).toBeInstanceOf(TypeError);
    expect([server.seen, server.pauses]).toEqual([[], []]);
  });

  test.each(['edge.example.com', 'localhost:8787', 'ftp://edge'])(
    'an address without its scheme is refused: %s',
    (edge) => {
      expect(() => createClient({ edge })).toThrow(/must begin with http/);
    },
  );
});

test('a failure says how long the edge asked to wait', async () => {
  server.answers = [json(429, { code: 'too_many_tries', message: 'later', requestId: 'r' }, { 'retry-after': '90' })];
  expect(await failure(connect().getHealth())).toMatchObject({ status: 429, retryAfterMs: 90_000 });
});

test('what changes something once is repeated, and what the edge says of it is handed on', async () => {
  const key = { id: 'k', revokedAt: 5 };
  const batch = { id: 'b', state: 'ready' };
  const client = connect();
  server.answers = [busy, json(200, key)];
  expect(await client.revokeKey('k')).toEqual(key);
  expect(await client.revokeSigningKey('kid')).toEqual(key);
  server.answers = [busy, json(200, batch)];
  expect(await client.failBatch('b', { fence: 1, reason: 'out of memory' })).toEqual(batch);
  server.answers = [busy, json(200, batch)];
  expect(await client.dismissBatch('b', { fence: 1, notTrainable: [] })).toEqual(batch);
  server.answers = [json(200, batch)];
  expect(await client.requeueBatch('b')).toEqual(batch);
  expect(server.seen.at(-1)).toMatchObject({ method: 'POST', url: '/v1/batches/b/requeue', body: '' });
});
