/**
 * A typed client of the edge: fetch and nothing else, so it runs in browsers, Node, Deno and Workers. Its types are those
 * of the OpenAPI document (wire.ts), at compile time only.
 *
 *     const client = createClient({ edge: 'https://edge.example.com', token: 'sk_…' });
 *     const comparison = await client.createComparison({ domain: 'support-tone', prompt: { messages } });
 *
 * Calls that may be repeated are, after a jittered pause, on network errors, 429 and 5xx; Retry-After is honoured.
 */
import { collect } from './collect.ts';
import { infer } from './infer.ts';
import { operate } from './operate.ts';
import { type ClientOptions, connect } from './request.ts';
import { taste } from './taste.ts';
import { train } from './train.ts';

export { EdgeError, type EdgeErrorCode } from './edge-error.ts';
export type { ChatChunk } from './events.ts';
export type { CallOptions, ClientOptions } from './request.ts';
export type * from './wire.ts';

export interface Client
  extends ReturnType<typeof operate>,
    ReturnType<typeof collect>,
    ReturnType<typeof train>,
    ReturnType<typeof taste>,
    ReturnType<typeof infer> {}

export function createClient(options: ClientOptions): Client {
  const send = connect(options);
  return { ...operate(send), ...collect(send), ...train(send), ...taste(send), ...infer(send) };
}
