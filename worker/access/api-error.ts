/** The one way to fail: throw an ApiError anywhere below a route; worker/index.ts turns it into an ErrorBody. */
import type { ErrorBody, ErrorCode } from '../../shared/contracts/error.ts';

export const STATUS = {
  invalid_json: 400,
  invalid_request: 400,
  too_large: 413,
  too_many_items: 413,
  unauthorized: 401,
  forbidden: 403,
  key_in_browser: 403,
  origin_not_allowed: 403,
  token_expired: 401,
  token_invalid: 401,
  not_found: 404,
  method_not_allowed: 405,
  too_many_tries: 429,
  idempotency_conflict: 409,
  already_exists: 409,
  candidate_not_in_comparison: 422,
  kind_mismatch: 422,
  assignment_required: 403,
  assignment_invalid: 403,
  assignment_expired: 403,
  assignment_reused: 409,
  supersedes_unknown: 422,
  base_model_mismatch: 409,
  stale_fence: 409,
  stale_parent: 409,
  lease_expired: 409,
  batch_finished: 409,
  quarantined: 409,
  adapter_invalid: 422,
  adapter_missing_file: 422,
  hash_mismatch: 422,
  gate_failed: 409,
  no_previous_adapter: 409,
  probe_failed: 502,
  image_invalid: 422,
  encoder_invalid: 422,
  encoder_mismatch: 409,
  inference_unavailable: 503,
  inference_failed: 502,
  internal: 500,
} as const satisfies Record<ErrorCode, number>;

export type Issue = NonNullable<ErrorBody['issues']>[number];

export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly issues: Issue[] | undefined;

  /** `message` is one sentence for a person: what is wrong, and what would be right. */
  constructor(code: ErrorCode, message: string, issues?: Issue[]) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.issues = issues;
  }

  get status(): (typeof STATUS)[ErrorCode] {
    return STATUS[this.code];
  }
}

/** For stores that answer null: the row, or 404. */
export function found<T>(row: T | null | undefined, what: string): T {
  if (row === null || row === undefined) throw new ApiError('not_found', `There is no such ${what}.`);
  return row;
}
