/** A server that answers as a test wants it to, over real sockets, and remembers what it was asked. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect } from 'vitest';
import { type ClientOptions, createClient, type EdgeError } from '../../../shared/client/client.ts';

export type Seen = { method: string; url: string; authorization: string | undefined; body: string };
export type Answer = (request: Seen, response: ServerResponse) => void;

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}

/** One server a test. `answers` are given in their order, the last one for ever; `pauses` are what the client waited. */
export function useScriptedServer() {
  let server: Server;
  const script = {
    seen: [] as Seen[],
    answers: [] as Answer[],
    pauses: [] as number[],
    get edge() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    connect: (options: Partial<ClientOptions> = {}) =>
      createClient({
        edge: script.edge,
        token: 'sk_a_b',
        random: () => 0.5,
        sleep: async (milliseconds) => void script.pauses.push(milliseconds),
        ...options,
      }),
  };
  beforeEach(async () => {
    Object.assign(script, { seen: [], answers: [], pauses: [] });
    server = createServer(async (request, response) => {
      const { method = '', url = '', headers } = request;
      const each = { method, url, authorization: headers.authorization, body: await readBody(request) };
      script.seen.push(each);
      const answer = script.answers.length > 1 ? script.answers.shift() : script.answers[0];
      answer?.(each, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  return script;
}

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

export const busy = json(503, { code: 'inference_unavailable', message: 'busy', requestId: 'r1' });

export const failure = (promise: Promise<unknown>): Promise<EdgeError> =>
  promise.then(
    () => expect.unreachable('the call succeeded'),
    (error) => error,
  );
