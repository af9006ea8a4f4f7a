/** A small inference server with the back end's protocol: real HTTP, made-up answers. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { png } from './made-image.ts';

type ChatBody = {
  model: string;
  messages: { role: string; content: string }[];
  seed?: number;
  stream?: boolean;
} & Record<string, unknown>;

export type InferenceServer = {
  url: string;
  /** Bodies of the chat requests since the last `reset`, and the bearers they came with. */
  asked: ChatBody[];
  bearers: (string | undefined)[];
  /** Adapters it was asked to load since the last `reset`. */
  loads: string[];
  /** Requests whose client went away before the answer was whole. */
  aborted: number;
  /** What the next answers are like; `reset` goes back to the plain ones. */
  behave(behaviour: Partial<Behaviour>): void;
  reset(): void;
  close(): Promise<void>;
};

type Behaviour = {
  /** Breaks this many connections without an answer. */
  drop: number;
  /** The text of an answer. */
  say: (body: ChatBody) => string;
  /** The base64 of a picture. */
  draw: (body: ChatBody, seed: number) => string;
  /** Features of the picture with this seed. */
  see: ((seed: number) => unknown) | null;
  /** Answers every chat request with this status and body. */
  fail: { status: number; body: unknown } | null;
  /** Answers the chat requests for which it says so with this status and body. */
  refuse: (body: ChatBody) => { status: number; body: unknown } | null;
  /** Milliseconds between the chunks of a stream. */
  chunkMs: number;
  /** What each adapter of a basis thinks of an answer, as log-ratios per token; null = it knows no basis. */
  logRatios: ((text: string, basis: string[]) => (number | null)[]) | null;
  /** Claims to have answered through this adapter. */
  adapter: string | null;
  /** Awaited while an adapter is being loaded. */
  loading: (sha: string) => Promise<void> | undefined;
  /** Message with which loading fails. */
  failLoad: string | null;
  /** Whether a loaded adapter changes the answers. */
  differs: boolean;
};

const PLAIN: Behaviour = {
  drop: 0,
  say: ({ model, seed, messages }) => `${model.slice(0, 4)} with seed ${seed} on ${messages.at(-1)?.content}`,
  draw: ({ model }, seed) => Buffer.from(png(seed + (model === 'base' ? 0 : 1000))).toString('base64'),
  see: null,
  fail: null,
  refuse: () => null,
  chunkMs: 20,
  logRatios: null,
  adapter: null,
  loading: () => undefined,
  failLoad: null,
  differs: true,
};

/** Starts on a free port. A text's tokens are its characters, each with the log-probability -0.5. */
export async function startInferenceServer(): Promise<InferenceServer> {
  let behaviour = PLAIN;
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => response.destroy(error));
  });
  // On a busy machine a test may pause for longer than the usual five seconds.
  server.keepAliveTimeout = 120_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const self: InferenceServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    bearers: [],
    loads: [],
    aborted: 0,
    behave: (changes) => {
      behaviour = { ...behaviour, ...changes };
    },
    reset: () => {
      behaviour = PLAIN;
      Object.assign(self, { asked: [], bearers: [], loads: [], aborted: 0 });
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/health')
      return json(response, 200, { status: 'ok', model: 'tiny', fingerprint: '0'.repeat(64) });
    const body = JSON.parse(await text(request));
    if (request.url === '/v1/adapters/load') {
      self.loads.push(body.sha);
      await behaviour.loading(body.sha);
      if (behaviour.failLoad) return json(response, 500, { code: 'adapter_invalid', message: behaviour.failLoad });
      return json(response, 200, { sha: body.sha, loaded: true, differs: behaviour.differs });
    }
    if (request.url === '/v1/credit') {
      self.asked.push(body);
      const tokens = [...body.completion].map((token, id) => {
        return { token, id, credit: body.beta * 0.5, logprob: -0.5, reference_logprob: -1 };
      });
      return json(response, 200, {
        model: behaviour.adapter ?? body.model,
        tokens,
        reward: tokens.length * body.beta * 0.5,
      });
    }
    if (request.url === '/v1/images/generations') {
      self.asked.push(body);
      if (behaviour.fail) return json(response, behaviour.fail.status, behaviour.fail.body);
      const data = Array.from({ length: body.n }, (_, i) => ({
        b64_json: behaviour.draw(body, body.seed + i),
        seed: body.seed + i,
        ...(body.features && behaviour.see && { features: behaviour.see(body.seed + i) }),
      }));
      return json(response, 200, { created: 1, model: behaviour.adapter ?? body.model, data });
    }
    if (request.url !== '/v1/chat/completions')
      return json(response, 404, { code: 'not_found', message: 'no such path' });
    self.asked.push(body);
    if (behaviour.drop > 0) {
      behaviour = { ...behaviour, drop: behaviour.drop - 1 };
      return void response.socket?.destroy();
    }
    self.bearers.push(request.headers.authorization);
    response.on('close', () => {
      if (!response.writableFinished) self.aborted += 1;
    });
    if (behaviour.fail) return json(response, behaviour.fail.status, behaviour.fail.body);
    const refused = behaviour.refuse(body);
    if (refused) return json(response, refused.status, refused.body);
    response.setHeader('x-prefloop-adapter', behaviour.adapter ?? body.model);
    const said = behaviour.say(body);
    if (body.stream) return stream(response, body, said, behaviour.chunkMs);
    const logRatios = Array.isArray(body.basis) ? behaviour.logRatios?.(said, body.basis) : undefined;
    json(response, 200, completion(body, said, logRatios));
  }
  return self;
}

function completion(body: ChatBody, said: string, logRatios?: (number | null)[]): unknown {
  const tokens = [...said];
  const logprobs = body.logprobs === true && {
    content: tokens.map((token) => ({ token, logprob: -0.5, bytes: null })),
  };
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: body.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: said },
        finish_reason: 'stop',
        ...(logRatios && { log_ratios: logRatios }),
        ...(logprobs && { logprobs, token_ids: tokens.map((token) => token.codePointAt(0)) }),
      },
    ],
    usage: { prompt_tokens: 1, completion_tokens: tokens.length, total_tokens: tokens.length + 1 },
  };
}

async function stream(response: ServerResponse, body: ChatBody, said: string, chunkMs: number): Promise<void> {
  response.setHeader('content-type', 'text/event-stream');
  for (const word of said.split(' ')) {
    if (response.destroyed) return;
    const choices = [{ index: 0, delta: { content: `${word} ` }, finish_reason: null }];
    response.write(
      `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: body.model, choices })}\n\n`,
    );
    await new Promise((done) => setTimeout(done, chunkMs));
  }
  response.end('data: [DONE]\n\n');
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function text(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
