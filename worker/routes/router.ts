/**
 * The pattern of a route file: `export const things = router();` then one `things.openapi(createRoute({…}), handler)`
 * per path, merged in worker/index.ts with `.route()`. Handlers get validated input, call one store function, and
 * throw ApiError; they never catch.
 */
import { OpenAPIHono, type z } from '@hono/zod-openapi';
import { ErrorBody } from '../../shared/contracts/error.ts';
import { ApiError } from '../access/api-error.ts';
import type { Env } from '../env.ts';

export function router(): OpenAPIHono<Env> {
  return new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success) throw invalid(result.error);
    },
  });
}

/** A failed parse, as the error that names each field. */
export function invalid(error: { issues: readonly z.core.$ZodIssue[] }): ApiError {
  const issues = error.issues
    .slice(0, 50)
    .map((issue) => ({ path: issue.path.map(String).join('.'), message: issue.message }));
  const first = issues[0];
  return new ApiError(
    'invalid_request',
    first?.path ? `${first.path}: ${first.message}` : (first?.message ?? 'The request is not valid.'),
    issues,
  );
}

/** `request.body` of a route that takes JSON. */
export function jsonBody<T extends z.ZodType>(schema: T) {
  return { required: true, content: { 'application/json': { schema } } } as const;
}

/** One successful response with JSON. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } } as const;
}

/** The failures every route can answer with; spread last into `responses`. */
export const failures = {
  '4XX': json(ErrorBody, 'Refused: see code.'),
  '5XX': json(ErrorBody, 'Failed: see code.'),
} as const;
