/** Bodies over a size are refused, in a way that the sender gets to read. */
import type { MiddlewareHandler } from 'hono';
import type { Env } from '../env.ts';
import { ApiError } from './api-error.ts';

/** How much of a refused body is still read: the rest of it breaks the connection. */
const PATIENCE_BYTES = 100_000_000;

/** Throws ApiError `too_large` for a body of more than `most` bytes, whether or not its length was announced. */
export function limitBody(most: number): MiddlewareHandler<Env> {
  const refusal = () => new ApiError('too_large', `A body may have ${most / 1e6} MB at most.`);
  return async (c, next) => {
    const { body } = c.req.raw;
    if (!body) return next();
    const announced = c.req.header('content-length');
    const reader = (announced === undefined || Number(announced) > most) && body.getReader();
    if (!reader) return next();
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    const length = announced === undefined ? await readUpTo(most, reader, chunks) : most + 1;
    if (length > most) {
      await readAway(reader);
      throw refusal();
    }
    c.req.raw = new Request(c.req.raw, { body: new Blob(chunks) });
    await next();
  };
}

/** Reads until the end, or until more than `most` bytes have come; how many did. */
async function readUpTo(
  most: number,
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  chunks: Uint8Array<ArrayBuffer>[],
): Promise<number> {
  let length = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return length;
    length += value.byteLength;
    if (length > most) return length;
    chunks.push(value);
  }
}

// A client that is still sending does not listen: answered too early it sees a broken connection, and no answer.
async function readAway(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    for (let read = 0; read < PATIENCE_BYTES; ) {
      const { value, done } = await reader.read();
      if (done) return;
      read += value.byteLength;
    }
    await reader.cancel();
  } catch {
    // It went away: nobody is left to be told.
  }
}
