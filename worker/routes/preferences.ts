/** /v1/preferences: votes come in one by one, are exported page by page, and are read one by one. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { RecordId, Slug, UserId } from '../../shared/contracts/ids.ts';
import { Preference, PreferenceInput, PreferencePage, PreferenceReceipt } from '../../shared/contracts/preference.ts';
import { ApiError, found } from '../access/api-error.ts';
import { verifyAssignment } from '../access/assignment-token.ts';
import { type Caller, requireCollector, requireOwner, requireSecret } from '../access/caller.ts';
import type { Env } from '../env.ts';
import { storeVotes } from '../store/preferences.ts';
import { findPreference, listPreferences, listPreferencesOf } from '../store/preferences-export.ts';
import type { Vote } from '../store/preferences-vote.ts';
import { prepareVote, voterOf } from './preferences-prepare.ts';
import { failures, json, jsonBody, router } from './router.ts';

export const preferences = router();

/** Full comparisons travel with every preference: a page stays a few megabytes at most. */
const MAX_PAGE = 500;

const PageQuery = z.object({
  domain: Slug.optional(),
  user: UserId.optional().meta({ description: 'Whose votes; with `domain`.' }),
  after: z.coerce.number().int().min(0).default(0).meta({ description: 'The `next` of the page before.' }),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100),
});

preferences.openapi(
  createRoute({
    method: 'post',
    path: '/v1/preferences',
    summary: 'Vote (user token with collect, public key, or secret key with ingest)',
    request: { body: jsonBody(PreferenceInput) },
    responses: {
      200: json(PreferenceReceipt, 'This very vote had been stored before'),
      201: json(PreferenceReceipt, 'Stored, and what becomes of it'),
      ...failures,
    },
  }),
  async (c) => {
    const vote = await readVote(c, requireCollector(c), c.req.valid('json'));
    const [outcome] = await storeVotes(c.var.db, c.var.project.id, [vote], c.var.now());
    const { result, ...rest } = found(outcome, 'outcome');
    if ('code' in rest) throw new ApiError(rest.code, rest.message);
    const { status, notTrainable } = rest;
    const receipt = {
      id: vote.input.id,
      status,
      ...(notTrainable && { notTrainable }),
      replayed: result === 'duplicate',
    };
    return c.json(receipt, receipt.replayed ? 200 : 201);
  },
);

preferences.openapi(
  createRoute({
    method: 'get',
    path: '/v1/preferences',
    summary:
      'Preferences with their comparisons: all in order of arrival (admin, ingest or train), or a user’s, newest first',
    description:
      'With `user` and `domain`, that user’s votes in it: for the user’s own token, and an admin key. To the user, nothing tells which model made an output, nor the known answer of a prompt.',
    request: { query: PageQuery },
    responses: { 200: json(PreferencePage, 'A page; `next` is null on the last one'), ...failures },
  }),
  async (c) => {
    const { user, domain = null, ...page } = c.req.valid('query');
    if (user === undefined) {
      requireSecret(c, 'ingest', 'train');
      return c.json(await listPreferences(c.var.db, c.var.project.id, { domain, ...page }), 200);
    }
    requireOwner(c, user, 'What somebody voted');
    if (domain === null) throw new ApiError('invalid_request', 'user: name the domain too, votes are kept by domain.');
    const votes = await listPreferencesOf(c.var.db, c.var.project.id, { domain, user, ...page });
    c.header('cache-control', 'no-store');
    return c.json(c.var.caller.kind === 'user' ? asVoterSees(votes) : votes, 200);
  },
);

preferences.openapi(
  createRoute({
    method: 'get',
    path: '/v1/preferences/{id}',
    summary: 'One preference, and what became of it (admin, ingest or train)',
    request: { params: z.object({ id: RecordId }) },
    responses: { 200: json(Preference, 'The preference'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'ingest', 'train');
    const preference = await findPreference(c.var.db, c.var.project.id, c.req.valid('param').id);
    return c.json(found(preference, 'preference'), 200);
  },
);

/** People may change their minds, and must not learn by which model an output was made, or what the right answer is. */
function asVoterSees({ items, next }: PreferencePage): PreferencePage {
  const blind = items.map(({ comparison, ...vote }): Preference => {
    const { answer: _, ...prompt } = comparison.prompt;
    const candidates = comparison.candidates.map(({ id, content }) => ({ id, content }));
    return { ...vote, comparison: { ...comparison, prompt, candidates } };
  });
  return { items: blind, next };
}

/** Throws ApiError for what a vote must not say. A refused token is kept: it does not stop the replay of a stored vote. */
export async function readVote(c: Context<Env>, caller: Caller, input: PreferenceInput): Promise<Vote> {
  const voter = voterOf(caller, input, c.var.project.requireAssignment);
  return prepareVote(input, voter, await readAssignment(c, input));
}

async function readAssignment(
  c: Context<Env>,
  { assignment, comparison, choice }: PreferenceInput,
): Promise<Vote['assignment']> {
  if (assignment === undefined) return null;
  if (typeof comparison !== 'string') throw new ApiError('assignment_invalid', 'An imported comparison was not dealt.');
  try {
    const { nonce } = await verifyAssignment(c.var.project, comparison, assignment, c.var.now());
    // Steps are marked candidate by candidate: a deal allows one vote on each.
    return { nonce: choice.type === 'stepMark' ? `${nonce}.${choice.candidate}` : nonce };
  } catch (error) {
    if (error instanceof ApiError) return { code: error.code, message: error.message };
    throw error;
  }
}
