/** What comes back: JSON, bytes as they arrive, or a refusal. */
import { EdgeError } from './edge-error.ts';
import type { Patience } from './patience.ts';
import { readRetryAfter } from './retry.ts';
import type { ErrorBody } from './wire.ts';

/** The answer as JSON, null where it has no body. Its shape is the contract's; it is not checked again, to keep pages small. */
export async function readJson(response: Response): Promise<unknown> {
  if (response.status === 204) return null;
  const text = await response.text();
  return parse(text, response.status, 'the answer is not JSON');
}

/** Throws EdgeError with the message. */
export function parse(text: string, status: number, message: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new EdgeError({ code: 'invalid_answer', status, message }, { cause: error });
  }
}

/** The bytes as they arrive. A connection that breaks, and silence while somebody reads, are EdgeErrors. */
export function readBody({ body }: Response, patience: Patience): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = (body ?? new Blob([]).stream()).getReader();
  return new ReadableStream(
    {
      async pull(controller) {
        patience.wait();
        try {
          const { done, value } = await patience.hold(reader.read());
          patience.rest();
          if (!done) return controller.enqueue(value);
          patience.end();
          controller.close();
        } catch (error) {
          patience.end();
          reader.cancel().catch(() => undefined);
          throw patience.explain(error, { what: 'the answer broke off' });
        }
      },
      cancel(reason) {
        patience.end();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** The edge's own error body where there is one; a proxy in between answers otherwise. */
export async function readFailure(response: Response): Promise<EdgeError> {
  const text = await response.text().catch(() => '');
  const { status } = response;
  const retryAfterMs = readRetryAfter(response.headers.get('retry-after'));
  let body: Partial<ErrorBody> | null = null;
  try {
    body = JSON.parse(text) as Partial<ErrorBody> | null;
  } catch {}
  if (typeof body?.code !== 'string' || typeof body.message !== 'string') {
    const message = `the answer has status ${status} and is not the edge’s`;
    return new EdgeError({ code: 'invalid_answer', status, message, retryAfterMs });
  }
  const { code, message, requestId = null, issues } = body;
  return new EdgeError({ code, message, status, requestId, issues, retryAfterMs });
}
