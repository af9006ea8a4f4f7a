/** Calls of those who watch: how a domain is, told whenever it changed. */
import type { DomainLive } from '../contracts/console.ts';
import { type CallOptions, readBytes, type Send } from './request.ts';
import { sleepFor } from './retry.ts';

/** Between two streams: the edge ends each after ten minutes. */
const PAUSE_MS = 1000;

/** The data of each event. A stream that breaks off has ended: whoever watches opens the next one. */
async function* readStates(body: ReadableStream<Uint8Array>): AsyncGenerator<DomainLive> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read().catch(() => ({ value: undefined, done: true }));
      if (done) return;
      const events = (rest + decoder.decode(value, { stream: true })).split('\n\n');
      rest = events.pop() ?? '';
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data !== undefined) yield JSON.parse(data) as DomainLive;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

export function watch(send: Send) {
  return {
    /**
     * How a domain is: at once, and whenever something changed. Goes on over the ends of streams, until the signal aborts
     * or the edge refuses; leaving the loop ends it too.
     */
    async *watchDomain(domain: string, options: CallOptions = {}): AsyncGenerator<DomainLive> {
      const path = `/v1/domains/${encodeURIComponent(domain)}/events`;
      for (;;) {
        yield* readStates(await send({ method: 'GET', path, ...options }, readBytes));
        await sleepFor(PAUSE_MS, options.signal);
      }
    },
  };
}
