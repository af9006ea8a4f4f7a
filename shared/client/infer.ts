/** Calls of those who want answers: OpenAI-shaped chat completions, whole or as they are made; pictures; credit. */
import { readJson } from './answer.ts';
import { readChunks } from './events.ts';
import type { Body, CallOptions, Send } from './request.ts';
import type { ChatCompletion, ImageResult } from './wire.ts';

type ChatInput = Omit<Body<'POST /v1/chat/completions'>, 'stream'>;

/** What answered: an adapter's sha, "mixture" (the user's own, of `encoder`), or null for the base model. */
function readMaker({ headers }: Response) {
  const adapter = headers.get('x-prefloop-adapter');
  return { adapter: adapter === 'base' ? null : adapter, encoder: headers.get('x-prefloop-encoder') };
}

const timeoutMs = 120_000;

export function infer(send: Send) {
  return {
    /** `model` is a domain; which adapter answers is the edge's decision. Not repeated by itself: answers take their time. */
    chat: (body: ChatInput, options?: CallOptions) =>
      send('POST /v1/chat/completions', { body, timeoutMs }, options, async (response) => ({
        ...readMaker(response),
        completion: (await readJson(response)) as ChatCompletion,
      })),
    /** The answer as it is made. Leaving the loop early ends the call. */
    streamChat: (body: ChatInput, options?: CallOptions) => {
      const parts = { body: { ...body, stream: true }, timeoutMs, streams: true };
      return send('POST /v1/chat/completions', parts, options, (response, patience) => ({
        ...readMaker(response),
        chunks: readChunks(response, patience),
      }));
    },
    /** Pictures of the domain's live adapter, for the user of the token. Not repeated by itself either. */
    generateImages: (body: Body<'POST /v1/images/generations'>, options?: CallOptions) =>
      send('POST /v1/images/generations', { body, timeoutMs }, options, async (response) => ({
        adapter: readMaker(response).adapter,
        ...((await readJson(response)) as ImageResult),
      })),
    /** What the live adapter thinks of each token of an answer. Nothing is stored: it may be asked again. */
    credit: (body: Body<'POST /v1/credit'>, options?: CallOptions) =>
      send('POST /v1/credit', { body, timeoutMs }, options),
    /** Held-out prompts, answered by the base and by the live adapter. Not repeated by itself: it asks the models anew. */
    getSamples: (domain: string, count?: number, options?: CallOptions) =>
      send(
        'GET /v1/domains/{domain}/samples',
        { path: { domain }, query: { count }, repeatable: false, timeoutMs: 180_000 },
        options,
      ),
    /** The domains that can be asked. */
    listModels: (options?: CallOptions) => send('GET /v1/models', {}, options),
  };
}
