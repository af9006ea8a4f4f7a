/** Calls of those who want answers: OpenAI-shaped chat completions, whole or as they are made. */
import type { z } from 'zod';
import type { ImageRequest, ImageResult } from '../contracts/image.ts';
import type { ChatCompletion, ChatRequest, CreditRequest, CreditResult } from '../contracts/inference.ts';
import type { SampleList } from '../contracts/sample.ts';
import { EdgeError } from './edge-error.ts';
import { type CallOptions, readJson, type Send } from './request.ts';

type ChatInput = Omit<z.input<typeof ChatRequest>, 'stream'>;

/** A piece of a streamed answer. */
export interface ChatChunk {
  id: string;
  model: string;
  choices: { index: number; delta: { role?: string; content?: string | null }; finish_reason: string | null }[];
}

/** The adapter that answered: its sha, or null for the base model. */
function readAdapter(response: Response): string | null {
  const adapter = response.headers.get('x-prefloop-adapter');
  return adapter === 'base' ? null : adapter;
}

/** The `data:` lines of server-sent events, until [DONE]; without it the answer is not whole. Bytes are cut anywhere. */
async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      rest += done ? `${decoder.decode()}\n` : decoder.decode(value, { stream: true });
      const lines = rest.split(/\r?\n/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (!line.startsWith('data:')) continue;
        const data = line.slice(5).trim();
        if (data === '[DONE]') return;
        yield data;
      }
      if (done) throw new EdgeError({ code: 'inference_failed', message: 'the answer broke off' });
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function* readChunks(body: ReadableStream<Uint8Array>): AsyncGenerator<ChatChunk> {
  for await (const data of readEvents(body)) {
    const event = JSON.parse(data) as ChatChunk | { error: { code?: string; message?: string } };
    if ('error' in event)
      throw new EdgeError({ code: 'inference_failed', message: event.error.message ?? 'the back end failed' });
    yield event;
  }
}

export function infer(send: Send) {
  return {
    /** `model` is a domain; which adapter answers is the edge's decision. */
    chat: (request: ChatInput, options?: CallOptions) =>
      send(
        { method: 'POST', path: '/v1/chat/completions', json: request, timeoutMs: 120_000, ...options },
        async (response) => ({
          adapter: readAdapter(response),
          completion: await readJson<ChatCompletion>(response),
        }),
      ),
    /** Pictures of the domain's live adapter, for the user of the token. Not repeated by itself: pictures take their time. */
    generateImages: (json: z.input<typeof ImageRequest>, options?: CallOptions) =>
      send(
        { method: 'POST', path: '/v1/images/generations', json, timeoutMs: 120_000, ...options },
        async (response) => ({ adapter: readAdapter(response), ...(await readJson<ImageResult>(response)) }),
      ),
    /** What the live adapter thinks of each token of an answer. */
    credit: (request: CreditRequest, options?: CallOptions) =>
      send(
        { method: 'POST', path: '/v1/credit', json: request, timeoutMs: 120_000, ...options },
        readJson<CreditResult>,
      ),
    /** Held-out prompts, answered by the base and by the live adapter. Not repeated by itself: it asks the models anew. */
    getSamples: (domain: string, count?: number, options?: CallOptions) =>
      send(
        {
          method: 'GET',
          path: `/v1/domains/${encodeURIComponent(domain)}/samples`,
          query: { count },
          repeatable: false,
          timeoutMs: 180_000,
          ...options,
        },
        readJson<SampleList>,
      ),
    /** The answer as it is made. Leaving the loop early ends the call. */
    streamChat: (request: ChatInput, options?: CallOptions) =>
      send(
        {
          method: 'POST',
          path: '/v1/chat/completions',
          json: { ...request, stream: true },
          timeoutMs: 120_000,
          ...options,
        },
        async (response) => ({
          adapter: readAdapter(response),
          chunks: readChunks(response.body ?? new Blob([]).stream()),
        }),
      ),
    listModels: (options?: CallOptions) =>
      send(
        { method: 'GET', path: '/v1/models', ...options },
        readJson<{ object: 'list'; data: { id: string; object: 'model' }[] }>,
      ),
  };
}
