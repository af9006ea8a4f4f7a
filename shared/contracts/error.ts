/** The one shape of every failure. */
import { z } from 'zod';

/** Every code the edge can answer with; clients switch on these, never on messages. */
export const ErrorCode = z
  .enum([
    'invalid_json',
    'invalid_request',
    'too_large',
    'too_many_items',
    'unauthorized',
    'forbidden',
    'key_in_browser',
    'origin_not_allowed',
    'token_expired',
    'token_invalid',
    'not_found',
    'method_not_allowed',
    'too_many_tries',
    'idempotency_conflict',
    'already_exists',
    'candidate_not_in_comparison',
    'kind_mismatch',
    'assignment_required',
    'assignment_invalid',
    'assignment_expired',
    'assignment_reused',
    'supersedes_unknown',
    'base_model_mismatch',
    'stale_fence',
    'stale_parent',
    'lease_expired',
    'batch_finished',
    'quarantined',
    'adapter_invalid',
    'adapter_missing_file',
    'hash_mismatch',
    'gate_failed',
    'no_previous_adapter',
    'probe_failed',
    'image_invalid',
    'encoder_invalid',
    'encoder_mismatch',
    'inference_unavailable',
    'inference_failed',
    'internal',
  ])
  .meta({ id: 'ErrorCode' });
export type ErrorCode = z.infer<typeof ErrorCode>;

export const ErrorBody = z
  .strictObject({
    code: ErrorCode,
    message: z.string().meta({ description: 'One sentence for a person. Says what is wrong and what would be right.' }),
    requestId: z.string(),
    issues: z
      .array(z.strictObject({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'With invalid_request: each field that is wrong.' }),
  })
  .meta({ id: 'ErrorBody' });
export type ErrorBody = z.infer<typeof ErrorBody>;
