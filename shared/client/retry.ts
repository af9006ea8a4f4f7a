/** When to try again, and how long to wait before. */
import type { EdgeError } from './edge-error.ts';

/** A server that asks for a longer pause than this is not waited for. */
const LONGEST_PAUSE_MS = 60_000;

/** Resolves after the time, or rejects with the signal's reason. */
export const sleepFor = (milliseconds: number, signal?: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
  });

/** Milliseconds that a Retry-After header asks for, in seconds or as a date; null = it asks for nothing that can be read. */
export function readRetryAfter(header: string | null): number | null {
  if (header === null) return null;
  const milliseconds = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(milliseconds) ? null : Math.max(0, milliseconds);
}

/** Full jitter (Brooker 2015), never sooner than the server asked for; null = do not wait for this one. */
export function pauseBefore(attempt: number, retryAfterMs: number | null, random: () => number): number | null {
  const jitter = random() * Math.min(8000, 250 * 2 ** attempt);
  if (retryAfterMs === null) return jitter;
  const pause = retryAfterMs + jitter / 4;
  return pause <= LONGEST_PAUSE_MS ? pause : null;
}

/** Whether another attempt may fare better. */
export const mayPass = (error: EdgeError) =>
  error.code === 'network' ||
  error.code === 'timeout' ||
  error.status === 429 ||
  (error.status >= 500 && error.status !== 501);
