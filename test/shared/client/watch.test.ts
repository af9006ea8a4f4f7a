import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createClient } from '../../../shared/client/client.ts';

let close = () => {};
afterEach(() => close());

/** An edge that answers the calls one after the other, as each of `answers` does. */
async function serve(...answers: ((response: ServerResponse) => void)[]) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answers[asked.length - 1]?.(response);
  });
  close = () => {
    server.closeAllConnections();
    server.close();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const edge = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { watcher: createClient({ edge, token: 'sk_test', retries: 0 }), asked };
}

const stream = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream' });
const state = (now: number) => `event: state\ndata: ${JSON.stringify({ now })}\n\n`;
const refuse = (response: ServerResponse) =>
  void response
    .writeHead(404, { 'content-type': 'application/json' })
    .end(JSON.stringify({ code: 'not_found', message: 'There is no such domain.', requestId: 'r' }));

test('a domain is watched over the ends of streams, until the edge refuses', async () => {
  const { watcher, asked } = await serve(
    (response) => {
      stream(response).write(`retry: 1000\n${state(1).slice(0, 20)}`);
      setTimeout(() => response.end(`${state(1).slice(20)}: still here\n\n${state(2)}`), 20);
    },
    (response) => {
      stream(response).write(state(3));
      setTimeout(() => response.destroy(), 20);
    },
    refuse,
  );
  const seen: number[] = [];
  const watching = async () => {
    for await (const { now } of watcher.watchDomain('a/b')) seen.push(now);
  };
  await expect(watching()).rejects.toMatchObject({ code: 'not_found' });
  expect(seen).toEqual([1, 2, 3]);
  expect(asked).toEqual(Array(3).fill('/v1/domains/a%2Fb/events'));
});

test('a signal ends it, and leaving the loop does', async () => {
  let gone = 0;
  const stay = (response: ServerResponse) => {
    response.on('close', () => {
      gone += 1;
    });
    stream(response).write(state(1));
  };
  const { watcher } = await serve(stay, stay);
  for await (const { now } of watcher.watchDomain('tone')) if (now === 1) break;
  await expect.poll(() => gone).toBe(1);

  const leave = new AbortController();
  const watching = async () => {
    for await (const _ of watcher.watchDomain('tone', { signal: leave.signal })) leave.abort(new Error('enough'));
  };
  await expect(watching()).rejects.toThrow('enough');
  await expect.poll(() => gone).toBe(2);
});
