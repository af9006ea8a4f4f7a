/** /v1/preferences/bulk: up to 500 votes, each answered on its own. */
import { createRoute } from '@hono/zod-openapi';
import {
  BulkPreferences,
  BulkResult,
  type ItemResult,
  MAX_ITEMS,
  PreferenceInput,
} from '../../shared/contracts/preference.ts';
import { ApiError } from '../access/api-error.ts';
import { requireSecret } from '../access/caller.ts';
import { storeVotes } from '../store/preferences.ts';
import type { Outcome, Vote } from '../store/preferences-vote.ts';
import { readVote } from './preferences.ts';
import { failures, invalid, json, jsonBody, router } from './router.ts';

export const preferencesBulk = router();

preferencesBulk.openapi(
  createRoute({
    method: 'post',
    path: '/v1/preferences/bulk',
    summary: 'Store up to 500 votes; a bad one never fails the others (ingest)',
    request: { body: jsonBody(BulkPreferences) },
    responses: { 200: json(BulkResult, 'One answer per item, in order'), ...failures },
  }),
  async (c) => {
    const caller = requireSecret(c, 'ingest');
    const { items } = c.req.valid('json') as { items: unknown[] };
    const read = await Promise.all(items.map((item) => readItem((input) => readVote(c, caller, input), item)));
    const votes = read.flatMap((each) => ('input' in each ? [each] : []));
    const outcomes = votes.length === 0 ? [] : await storeVotes(c.var.db, c.var.project.id, votes, c.var.now());
    let next = 0;
    const results = read.map((each, index) => {
      const outcome = 'input' in each ? (outcomes[next++] as Outcome) : each;
      return asResult(index, items[index], outcome);
    });
    const count = (result: ItemResult['result']) => results.filter((item) => item.result === result).length;
    return c.json(
      { created: count('created'), duplicates: count('duplicate'), rejected: count('rejected'), items: results },
      200,
    );
  },
  (result) => {
    if (result.success) return;
    const tooMany = result.error.issues.some(({ code, path }) => code === 'too_big' && path[0] === 'items');
    if (tooMany) throw new ApiError('too_many_items', `A call takes ${MAX_ITEMS} items at most.`);
    throw invalid(result.error);
  },
);

/** The vote, or why the item cannot be one. */
async function readItem(read: (input: PreferenceInput) => Promise<Vote>, item: unknown): Promise<Vote | Outcome> {
  const parsed = PreferenceInput.safeParse(item);
  try {
    if (!parsed.success) throw invalid(parsed.error);
    return await read(parsed.data);
  } catch (error) {
    if (error instanceof ApiError) return { result: 'rejected', code: error.code, message: error.message };
    throw error;
  }
}

function asResult(index: number, item: unknown, outcome: Outcome): ItemResult {
  const id = typeof item === 'object' && item !== null && 'id' in item && typeof item.id === 'string' ? item.id : null;
  if (outcome.result === 'rejected')
    return { index, id, result: 'rejected', code: outcome.code, message: outcome.message };
  const { result, status, notTrainable } = outcome;
  return { index, id, result, status, ...(notTrainable && { notTrainable }) };
}
