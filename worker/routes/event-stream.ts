/** A value as server-sent events: told at once, and again whenever it has changed. */

const LOOK_MS = 2000;
const HEARTBEAT_MS = 15_000;
/**
 * A stream ends by itself: a caller whose going was never noticed costs no more than that. An invocation on Workers may ask D1 a
 * thousand times (developers.cloudflare.com/d1/platform/limits): 150 looks of five statements.
 */
const LONGEST_MS = 300_000;
/** After which a browser asks again. */
const RETRY_MS = 1000;

const utf8 = new TextEncoder();

type Watched<T> = {
  event: string;
  first: T;
  /** null = it is gone: the stream ends. An error ends it too, and whoever asks again is told what is wrong. */
  look: () => Promise<T | null>;
  isNews: (one: T, other: T) => boolean;
  signal: AbortSignal;
};

export function streamChanges<T>({ event, first, look, isNews, signal }: Watched<T>): Response {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOpen = true;
  let told = first;
  const began = Date.now();
  let spokeAt = began;

  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const say = (text: string) => {
        spokeAt = Date.now();
        controller.enqueue(utf8.encode(text));
      };
      const tell = (value: T) => say(`event: ${event}\ndata: ${JSON.stringify(value)}\n\n`);
      const end = () => {
        clearTimeout(timer);
        if (isOpen) controller.close();
        isOpen = false;
      };
      const next = async () => {
        try {
          const value = await look();
          if (!isOpen) return;
          if (value === null) return end();
          if (isNews(told, value)) {
            told = value;
            tell(value);
          } else if (Date.now() - spokeAt >= HEARTBEAT_MS) say(': still here\n\n');
          if (Date.now() - began >= LONGEST_MS) return end();
          timer = setTimeout(next, LOOK_MS);
        } catch (error) {
          console.error('a stream of events ended', error);
          end();
        }
      };
      // Who left during the first look is never told of as leaving.
      if (signal.aborted) return end();
      signal.addEventListener('abort', end);
      say(`retry: ${RETRY_MS}\n`);
      tell(first);
      timer = setTimeout(next, LOOK_MS);
    },
    cancel: () => {
      isOpen = false;
      clearTimeout(timer);
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } });
}
