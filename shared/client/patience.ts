/** How long an attempt may take, and what ended it: its time, or the caller's own signal. */
import { EdgeError } from './edge-error.ts';

/** Longer than this a timer cannot wait; it would go off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export type Patience = ReturnType<typeof startPatience>;

export function describeCause(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ('code' in cause && String(cause.code)) || cause.name;
}

/** Waits from now on. `end` it: until then it hears the caller's signal. */
export function startPatience(edge: string, limitMs: number, caller?: AbortSignal) {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ranOut = false;
  let over: { reason: unknown } | undefined;
  // One entry a wait: a race against one long promise would keep all that ever won it.
  const waiting = new Set<(reason: unknown) => void>();
  const giveUp = (reason: unknown) => {
    over ??= { reason };
    for (const reject of waiting) reject(reason);
  };

  const stop = () => {
    controller.abort(caller?.reason);
    giveUp(caller?.reason);
  };
  const rest = () => clearTimeout(timer);
  const wait = () => {
    rest();
    if (limitMs > LONGEST_TIMER_MS) return;
    timer = setTimeout(() => {
      ranOut = true;
      controller.abort();
      giveUp(controller.signal.reason);
    }, limitMs);
  };
  caller?.addEventListener('abort', stop, { once: true });
  wait();

  return {
    signal: controller.signal,
    /** The time counts from now, or not. */
    wait,
    rest,
    end() {
      rest();
      caller?.removeEventListener('abort', stop);
    },
    /** The promise, or a rejection once nobody waits for it any more. */
    hold: <T>(promise: Promise<T>): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        if (over) reject(over.reason);
        waiting.add(reject);
        promise.then(resolve, reject).finally(() => waiting.delete(reject));
      }),
    /** What a failure was. Throws the caller's reason when it was the caller who ended it. */
    explain(error: unknown, { code = 'network', what = `cannot reach ${edge}` } = {}): EdgeError {
      if (caller?.aborted) throw caller.reason;
      if (error instanceof EdgeError) return error;
      const facts = ranOut
        ? {
            code: code === 'network' ? 'timeout' : code,
            message: `no ${code === 'token' ? 'token' : `answer from ${edge}`} in ${limitMs} ms`,
          }
        : { code, message: `${what}: ${describeCause(error)}` };
      return new EdgeError(facts as { code: 'network'; message: string }, { cause: error });
    },
  };
}
