import type { ErrorCode } from './wire.ts';

/**
 * `network` and `timeout` happen before an answer is whole; `token` is a token function that gave none; `invalid_answer`
 * is an answer that is not the edge's.
 */
export type EdgeErrorCode = ErrorCode | 'network' | 'timeout' | 'token' | 'invalid_answer';

type Issue = { path: string; message: string };

/** A call to the edge that failed. Switch on `code`; `message` is for people. `status` is 0 when no answer came. */
export class EdgeError extends Error {
  override name = 'EdgeError';
  code: EdgeErrorCode;
  status: number;
  requestId: string | null;
  /** With `invalid_request`: each field that is wrong. */
  issues: Issue[] | undefined;
  /** What the edge asked to wait before another attempt. */
  retryAfterMs: number | null;

  constructor(
    facts: {
      code: EdgeErrorCode;
      message: string;
      status?: number;
      requestId?: string | null;
      issues?: Issue[] | undefined;
      retryAfterMs?: number | null;
    },
    options?: ErrorOptions,
  ) {
    super(facts.message, options);
    this.code = facts.code;
    this.status = facts.status ?? 0;
    this.requestId = facts.requestId ?? null;
    this.issues = facts.issues;
    this.retryAfterMs = facts.retryAfterMs ?? null;
  }
}
