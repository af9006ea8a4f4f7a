/** Why a store did not do what it was asked: nothing was written. Routes turn it into an answer. */
import type { ErrorCode } from '../../shared/contracts/error.ts';

export type Rejection = { code: ErrorCode; message: string };

export function reject(code: ErrorCode, message: string): Rejection {
  return { code, message };
}

export function isRejection(value: object): value is Rejection {
  return 'code' in value && 'message' in value;
}
