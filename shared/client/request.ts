/** One call to the edge: its address, time-outs, retries where they are safe, and every failure as an EdgeError. */
import { readFailure, readJson } from './answer.ts';
import { type Patience, startPatience } from './patience.ts';
import { mayPass, pauseBefore, sleepFor } from './retry.ts';
import type { Operations } from './wire.ts';

export interface ClientOptions {
  /** Where the edge lives: "https://edge.example.com", with a path prefix if it has one. */
  edge: string;
  /** A secret key, a public key or a user token; a function is asked before every attempt, so tokens can be renewed. */
  token?: string | (() => string | Promise<string>);
  /** Per attempt, until the answer is read whole; of a stream until its head, then between any two pieces. Default 30 s. */
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

interface Manner {
  /** Sending it twice does what sending it once does; GET and PUT always may be. */
  repeatable?: boolean;
  /** Where the client's own limit is too short. */
  timeoutMs?: number;
  /** The answer is read on after the call has returned. */
  streams?: boolean;
  /** Nobody is asked who they are. */
  open?: boolean;
}

export type Operation = keyof Operations;
export type Answer<O extends Operation> = Operations[O]['answer'];
export type Body<O extends Operation> = Operations[O] extends { body: infer B } ? B : never;
export type Query<O extends Operation> = Operations[O] extends { query?: infer Q } ? NonNullable<Q> : never;
type Input<O extends Operation> = Omit<Operations[O], 'answer'> & Manner;
type Read<T> = (response: Response, patience: Patience) => Promise<T> | T;

export interface Send {
  <O extends Operation>(operation: O, input: Input<O>, options?: CallOptions): Promise<Answer<O>>;
  <O extends Operation, T>(operation: O, input: Input<O>, options: CallOptions | undefined, read: Read<T>): Promise<T>;
}

/** What any operation may bring along. */
interface Parts extends Manner {
  path?: Record<string, string>;
  query?: Record<string, string | number | undefined> | undefined;
  body?: unknown;
}

const isBytes = (body: unknown) => body instanceof Uint8Array || body instanceof Blob;

function buildUrl(edge: string, template: string, { path = {}, query = {} }: Parts): string {
  const filled = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(path[name] ?? ''));
  const given = Object.entries(query).filter((pair) => pair[1] !== undefined);
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return edge.replace(/\/+$/, '') + filled + (search && `?${search}`);
}

/** Returns the function through which every call goes. Throws EdgeError, or the reason of an aborted signal. */
export function connect(options: ClientOptions): Send {
  const { edge, token, timeoutMs = 30_000, retries = 4, sleep = sleepFor, random = Math.random } = options;
  const fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
  // An address of the page itself, as "" or "/prefix", is one too; a forgotten scheme is none.
  if (!/^(https?:\/\/|\/|$)/i.test(edge))
    throw new TypeError(`edge must begin with http:// or https://, not "${edge}"`);

  /** Throws EdgeError `token` for a function that throws, gives none in time, or gives what no header can carry. */
  async function readHeaders({ body, open }: Parts, patience: Patience): Promise<Headers> {
    const headers = new Headers({ accept: 'application/json' });
    if (body !== undefined)
      headers.set('content-type', isBytes(body) ? 'application/octet-stream' : 'application/json');
    if (open || !token) return headers;
    try {
      const bearer = typeof token === 'function' ? await patience.hold(Promise.resolve().then(token)) : token;
      if (bearer) headers.set('authorization', `Bearer ${bearer}`);
      return headers;
    } catch (error) {
      throw patience.explain(error, { code: 'token', what: 'there is no token' });
    }
  }

  const send = async (
    operation: Operation,
    parts: Parts,
    { signal, timeoutMs: own }: CallOptions = {},
    read: Read<unknown> = readJson,
  ) => {
    const [method = '', template = ''] = operation.split(' ');
    const { body, repeatable = method === 'GET' || method === 'PUT', streams = false } = parts;
    const url = buildUrl(edge, template, parts);
    // Made once: every attempt sends the same, and what cannot be written is the caller's error.
    const content = body === undefined || isBytes(body) ? body : JSON.stringify(body);
    const limit = own ?? parts.timeoutMs ?? timeoutMs;
    for (let tries = 0; ; tries++) {
      signal?.throwIfAborted();
      const patience = startPatience(edge, limit, signal);
      try {
        const headers = await readHeaders(parts, patience);
        const init = {
          method,
          headers,
          signal: patience.signal,
          ...(content !== undefined && { body: content as BodyInit }),
        };
        const response = await fetch(url, init);
        if (!response.ok) throw await readFailure(response);
        const value = await read(response, patience);
        if (streams) patience.rest();
        else patience.end();
        return value;
      } catch (error) {
        patience.end();
        const failure = patience.explain(error);
        const may = repeatable && tries < retries && mayPass(failure);
        const pause = may ? pauseBefore(tries, failure.retryAfterMs, random) : null;
        if (pause === null) throw failure;
        await sleep(pause, signal);
      }
    }
  };
  return send as Send;
}
