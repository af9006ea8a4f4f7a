/** Server-sent events, cut anywhere: a chat answer as it is made, a domain as it changes. */
import { parse, readBody } from './answer.ts';
import { EdgeError } from './edge-error.ts';
import type { Patience } from './patience.ts';
import type { DomainLive } from './wire.ts';

/** A piece of a streamed answer. */
export interface ChatChunk {
  id: string;
  model: string;
  choices: { index: number; delta: { role?: string; content?: string | null }; finish_reason: string | null }[];
}

/** The `data:` lines, to the end of the answer. */
async function* readEvents(response: Response, patience: Patience): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = readBody(response, patience).getReader();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      // A line that was not ended is no line: the stream was cut in it.
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const lines = rest.split(/\r?\n/);
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('data:')) yield line.slice(5).trim();
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Until [DONE]. Throws EdgeError where the answer breaks off, is none, or says that the back end failed. */
export async function* readChunks(response: Response, patience: Patience): AsyncGenerator<ChatChunk> {
  const { status } = response;
  for await (const data of readEvents(response, patience)) {
    if (data === '[DONE]') return;
    const event = parse(data, status, 'a piece of the answer is not JSON') as { error?: { message?: string } } | null;
    if (event?.error) {
      throw new EdgeError({ code: 'inference_failed', message: event.error.message ?? 'the back end failed' });
    }
    if (!Array.isArray((event as Partial<ChatChunk> | null)?.choices)) {
      throw new EdgeError({ code: 'invalid_answer', status, message: 'a piece of the answer is none' });
    }
    yield event as ChatChunk;
  }
  throw new EdgeError({ code: 'inference_failed', message: 'the answer broke off' });
}

/** To the end of the answer. Throws EdgeError where it breaks off, or says nothing. */
export async function* readStates(response: Response, patience: Patience): AsyncGenerator<DomainLive> {
  const { status } = response;
  let heard = false;
  for await (const data of readEvents(response, patience)) {
    heard = true;
    yield parse(data, status, 'an event is not JSON') as DomainLive;
  }
  if (!heard) throw new EdgeError({ code: 'invalid_answer', status, message: 'the answer has no event' });
}
