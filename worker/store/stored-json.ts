/** JSON as it lies in a column: canonical, and small enough for a row. */
import type { Prompt } from '../../shared/contracts/prompt.ts';
import { canonicalJson } from '../../shared/math/canonical-json.ts';
import { sha256Text } from '../../shared/math/sha256.ts';
import { ApiError } from '../access/api-error.ts';

/** Largest value, in UTF-16 code units: at three bytes each it stays below the 2 MB that D1 gives a value. */
const MAX_VALUE = 600_000;

/** Throws ApiError `too_large`, naming `what`. */
export function storedJson(value: unknown, what: string): string {
  const json = canonicalJson(value);
  if (json.length <= MAX_VALUE) return json;
  throw new ApiError('too_large', `The ${what} is longer than 600,000 characters as JSON.`);
}

/** The row of a prompt: one id however often it is asked. */
export function storedPrompt(prompt: Prompt): { id: string; body: string } {
  const body = storedJson(prompt, 'prompt');
  return { id: `h${sha256Text(body).slice(0, 40)}`, body };
}
