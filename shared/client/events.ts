/** A chat answer as it is made: server-sent events, cut anywhere. */
import { parse, readBody } from './answer.ts';
import { EdgeError } from './edge-error.ts';
import type { Patience } from './patience.ts';

/** A piece of a streamed answer. */
export interface ChatChunk {
  id: string;
  model: string;
  choices: { index: number; delta: { role?: string; content?: string | null }; finish_reason: string | null }[];
}

/** The `data:` lines, until [DONE]; without it the answer is not whole. */
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

/** Throws EdgeError where the answer breaks off, is none, or says that the back end failed. */
export async function* readChunks(response: Response, patience: Patience): AsyncGenerator<ChatChunk> {
  const { status } = response;
  for await (const data of readEvents(readBody(response, patience))) {
    const event = parse(data, status, 'a piece of the answer is not JSON') as { error?: { message?: string } } | null;
    if (event?.error) {
      throw new EdgeError({ code: 'inference_failed', message: event.error.message ?? 'the back end failed' });
    }
    if (!Array.isArray((event as Partial<ChatChunk> | null)?.choices)) {
      throw new EdgeError({ code: 'invalid_answer', status, message: 'a piece of the answer is none' });
    }
    yield event as ChatChunk;
  }
}
