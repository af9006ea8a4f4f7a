/** From what was sent to a vote that can be judged: whose it is, how much it counts, hashes, rows to store. */
import type { CandidateInput } from '../../shared/contracts/candidate.ts';
import { MIN_CANDIDATES } from '../../shared/contracts/comparison.ts';
import type { InlineComparison, PreferenceInput } from '../../shared/contracts/preference.ts';
import { canonicalJson } from '../../shared/math/canonical-json.ts';
import { sha256Text } from '../../shared/math/sha256.ts';
import { ApiError } from '../access/api-error.ts';
import type { Caller } from '../access/caller.ts';
import { factsOf } from '../batches/recipe-needs.ts';
import { picturesOf } from '../images/pictures-of.ts';
import type { InlineRows, Vote, Voter } from '../store/preferences-vote.ts';
import { storedJson, storedPrompt } from '../store/stored-json.ts';

/** A vote by a page that anybody can open counts a quarter of one by a known person. */
const PUBLIC_WEIGHT = 0.25;

/** The user comes from the token alone; what only a server may say is refused from a browser. */
export function voterOf(caller: Caller, input: PreferenceInput, requireAssignment: boolean): Voter {
  if (caller.kind === 'secret') return { user: input.user ?? null, weight: input.weight ?? 1, mustBeAssigned: false };
  for (const field of ['user', 'weight'] as const) {
    if (input[field] !== undefined) throw new ApiError('forbidden', `Only a secret key may set ${field}.`);
  }
  if (typeof input.comparison !== 'string') {
    throw new ApiError('forbidden', 'Only a secret key with the scope ingest may send a comparison with its vote.');
  }
  const user = caller.kind === 'user' ? caller.user : null;
  return { user, weight: user === null ? PUBLIC_WEIGHT : 1, mustBeAssigned: requireAssignment };
}

/**
 * Throws ApiError for a comparison that cannot be stored. The hash covers what the vote says, not the token that
 * allows it: a client that was dealt a fresh token still repeats the same vote.
 */
export function prepareVote(input: PreferenceInput, voter: Voter, assignment: Vote['assignment']): Vote {
  const inline = typeof input.comparison === 'string' ? null : inlineRows(input.comparison);
  const comparison = typeof input.comparison === 'string' ? input.comparison : hashId(inline?.bodyHash ?? '');
  const { assignment: _, ...said } = input;
  const bodyHash = sha256Text(canonicalJson({ ...said, comparison, user: voter.user, weight: voter.weight }));
  return { input, bodyHash, comparison, inline, voter, assignment };
}

/** The same prompt, and the same comparison, get the same id however often they come in. */
function inlineRows({ domain, kind, prompt, candidates }: InlineComparison): InlineRows {
  if (new Set(candidates.map(({ id }) => id)).size < candidates.length) {
    throw new ApiError('invalid_request', 'Two candidates of the comparison have the same id.');
  }
  if (candidates.length < MIN_CANDIDATES && (kind === 'pair' || kind === 'ranking')) {
    throw new ApiError('invalid_request', `comparison.candidates: a ${kind} comparison has at least ${MIN_CANDIDATES}`);
  }
  const pictures = picturesOf(
    candidates.map(({ content }) => content),
    kind,
  );
  const promptRow = { ...storedPrompt(prompt), group: prompt.group ?? null, facts: factsOf(prompt) };
  const candidateRows = candidates.map(candidateRow);
  const rows = candidateRows.map(rowText).join();
  const bodyHash = sha256Text(`${domain} ${kind} ${promptRow.id} ${rows}`);
  return { domain, kind, bodyHash, prompt: promptRow, candidates, pictures, candidateRows };
}

// Without features as it was before there were any: a second import is still a replay.
function rowText({ id, content, origin, features }: InlineRows['candidateRows'][number]): string {
  return features === null ? `[${id},${content},${origin}]` : `[${id},${content},${origin},${features}]`;
}

function candidateRow({
  id,
  content,
  origin,
  features,
}: CandidateInput & { id: string }): InlineRows['candidateRows'][number] {
  return {
    id,
    content: storedJson(content, 'content of a candidate'),
    origin: origin === undefined ? null : storedJson(origin, 'origin of a candidate'),
    features: features === undefined ? null : storedJson(features, 'features of a candidate'),
  };
}

function hashId(sha: string): string {
  return `h${sha.slice(0, 40)}`;
}
