/** From what a store answered to what a route goes on with. */
import { ApiError, found } from '../access/api-error.ts';
import { isRejection, type Rejection } from '../store/rejection.ts';

/** The result; null is a 404 for `what`, a rejection is thrown as it is. */
export function accepted<T extends object>(result: T | Rejection | null, what: string): T {
  const present = found(result, what);
  if (isRejection(present)) throw new ApiError(present.code, present.message);
  return present;
}
