import type { ErrorBody } from '../contracts/error.ts';

/** `network` and `timeout` happen before an answer; `invalid_answer` is an answer that is not the edge's. */
export type EdgeErrorCode = ErrorBody['code'] | 'network' | 'timeout' | 'invalid_answer';

/** A call to the edge that failed. Switch on `code`; `message` is for people. `status` is 0 when no answer came. */
export class EdgeError extends Error {
  override name = 'EdgeError';
  code: EdgeErrorCode;
  status: number;
  requestId: string | null;
  issues: ErrorBody['issues'];

  constructor(
    facts: {
      code: EdgeErrorCode;
      message: string;
      status?: number;
      requestId?: string | null;
      issues?: ErrorBody['issues'];
    },
    options?: ErrorOptions,
  ) {
    super(facts.message, options);
    this.code = facts.code;
    this.status = facts.status ?? 0;
    this.requestId = facts.requestId ?? null;
    this.issues = facts.issues;
  }
}
