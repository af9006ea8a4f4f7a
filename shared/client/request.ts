/** One call to the edge: time-outs, retries where they are safe, and every failure as an EdgeError. */
import type { ErrorBody } from '../contracts/error.ts';
import { EdgeError } from './edge-error.ts';
import { mayPass, pauseBefore, sleepFor } from './retry.ts';

export interface ClientOptions {
  /** Where the edge lives: "https://edge.example.com", with a path prefix if it has one. */
  edge: string;
  /** A secret key, a public key or a user token; a function is asked before every attempt, so tokens can be renewed. */
  token?: string | (() => string | Promise<string>);
  /** Per attempt, until the answer is read whole (until its head for streams). Default 30 s. */
  timeoutMs?: number;
  /** Further attempts after the first, for calls that may be repeated. Default 4. */
  retries?: number;
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  sleep?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  random?: () => number;
}

/** Of one call. An aborted call throws the signal's reason, not an EdgeError. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
}

export interface Call extends CallOptions {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string | number | undefined>;
  json?: unknown;
  bytes?: Uint8Array<ArrayBuffer> | Blob;
  /** Sending it twice does what sending it once does; GET and PUT always may be. */
  repeatable?: boolean;
}

export type Send = <T>(call: Call, read: (response: Response) => Promise<T>) => Promise<T>;

/** The edge's own error body where there is one; a proxy in between answers otherwise. */
async function readFailure(response: Response): Promise<EdgeError> {
  const text = await response.text().catch(() => '');
  const { status } = response;
  let body: Partial<ErrorBody> | null = null;
  try {
    body = JSON.parse(text) as Partial<ErrorBody> | null;
  } catch {}
  if (typeof body?.code !== 'string' || typeof body.message !== 'string') {
    return new EdgeError({
      code: 'invalid_answer',
      status,
      message: `the answer has status ${status} and is not the edge’s`,
    });
  }
  const { code, message, requestId = null, issues } = body;
  return new EdgeError({ code, message, status, requestId, issues });
}

function describeCause(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ('code' in cause && String(cause.code)) || cause.name;
}

function buildUrl(edge: string, call: Call): string {
  const query = Object.entries(call.query ?? {}).filter(
    (pair): pair is [string, string | number] => pair[1] !== undefined,
  );
  const search = new URLSearchParams(query.map(([name, value]) => [name, String(value)])).toString();
  return edge.replace(/\/+$/, '') + call.path + (search && `?${search}`);
}

/** Returns the function through which every call goes. Throws EdgeError, or the reason of an aborted signal. */
export function connect(options: ClientOptions): Send {
  const { edge, token, timeoutMs = 30_000, retries = 4, sleep = sleepFor, random = Math.random } = options;
  const fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));

  async function attempt<T>(
    call: Call,
    read: (response: Response) => Promise<T>,
  ): Promise<{ value: T } | { failure: EdgeError; retryAfter: string | null }> {
    const patience = new AbortController();
    const limit = call.timeoutMs ?? timeoutMs;
    const timer = setTimeout(() => patience.abort(), limit);
    try {
      const bearer = typeof token === 'function' ? await token() : token;
      const headers: Record<string, string> = { accept: 'application/json' };
      if (bearer) headers.authorization = `Bearer ${bearer}`;
      if (call.json !== undefined) headers['content-type'] = 'application/json';
      if (call.bytes !== undefined) headers['content-type'] = 'application/octet-stream';
      const body = call.json === undefined ? call.bytes : JSON.stringify(call.json);
      const signal = call.signal ? AbortSignal.any([call.signal, patience.signal]) : patience.signal;
      const response = await fetch(buildUrl(edge, call), {
        method: call.method,
        headers,
        signal,
        ...(body !== undefined && { body }),
      });
      if (response.ok) return { value: await read(response) };
      return { failure: await readFailure(response), retryAfter: response.headers.get('retry-after') };
    } catch (error) {
      if (call.signal?.aborted) throw call.signal.reason;
      if (error instanceof EdgeError) return { failure: error, retryAfter: null };
      const message = patience.signal.aborted
        ? `no answer from ${edge} in ${limit} ms`
        : `cannot reach ${edge}: ${describeCause(error)}`;
      const code = patience.signal.aborted ? 'timeout' : 'network';
      return { failure: new EdgeError({ code, message }, { cause: error }), retryAfter: null };
    } finally {
      clearTimeout(timer);
    }
  }

  return async (call, read) => {
    const repeatable = call.repeatable ?? (call.method === 'GET' || call.method === 'PUT');
    for (let tries = 0; ; tries++) {
      call.signal?.throwIfAborted();
      const outcome = await attempt(call, read);
      if ('value' in outcome) return outcome.value;
      const pause =
        repeatable && tries < retries && mayPass(outcome.failure)
          ? pauseBefore(tries, outcome.retryAfter, random)
          : null;
      if (pause === null) throw outcome.failure;
      await sleep(pause, call.signal ?? undefined);
    }
  };
}

/** The answer as JSON. Its shape is the contract's; it is not checked again here, to keep pages small. */
export async function readJson<T>(response: Response): Promise<T> {
  const text = await response.text();
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    const facts = { code: 'invalid_answer', status: response.status, message: 'the answer is not JSON' } as const;
    throw new EdgeError(facts, { cause: error });
  }
}

export async function readNothing(response: Response): Promise<void> {
  await response.body?.cancel();
}

/** As they arrive. */
export async function readBytes(response: Response): Promise<ReadableStream<Uint8Array>> {
  return response.body ?? new Blob([]).stream();
}
