/** What a vote claims beside its choice: a comparison, a deal of its own, an earlier vote to replace. Pure. */
import type { EarlierVote, Gathered, Split, StoredComparison } from './preferences-gather.ts';
import type { Vote } from './preferences-vote.ts';
import { type Rejection, reject } from './rejection.ts';

/** The comparison a vote answers, stored or sent with it. */
export type Asked = Omit<StoredComparison, 'user' | 'bodyHash'> & { user: string | null };

export function comparisonOf(vote: Vote, gathered: Gathered): Asked | Rejection {
  const { inline, comparison: id } = vote;
  if (!inline) {
    return gathered.comparisons.get(id) ?? reject('not_found', `There is no comparison ${id}.`);
  }
  const domain: Split | undefined = gathered.domains.get(inline.domain);
  if (!domain) return reject('not_found', `There is no domain ${inline.domain}.`);
  if ((gathered.known.get(id) ?? inline.bodyHash) !== inline.bodyHash) {
    return reject('idempotency_conflict', `The id ${id} was used for another comparison.`);
  }
  const missing = inline.pictures.find((sha256) => !gathered.images.has(sha256));
  if (missing) return reject('not_found', `There is no picture ${missing}: upload it first.`);
  const { prompt, kind, candidates } = inline;
  const asked = { prompt: prompt.id, group: prompt.group, facts: prompt.facts };
  return { ...domain, ...asked, domain: inline.domain, kind, candidates, user: null };
}

/** One deal, one vote: the nonce of a deal may move to a vote that replaces its holder, and nowhere else. */
export function checkAssignment(vote: Vote, comparison: Asked, nonces: ReadonlyMap<string, string>): Rejection | null {
  const { assignment, voter, input } = vote;
  if (voter.user !== null && voter.mustBeAssigned && comparison.user !== null && comparison.user !== voter.user) {
    return reject('assignment_invalid', 'This comparison was dealt to somebody else.');
  }
  if (assignment === null) {
    if (!voter.mustBeAssigned) return null;
    return reject('assignment_required', 'Send the assignment that came with the comparison.');
  }
  if ('code' in assignment) return { code: assignment.code, message: assignment.message };
  const holder = nonces.get(assignment.nonce);
  if (holder === undefined || holder === input.supersedes) return null;
  return reject('assignment_reused', 'Another vote answers this deal; name it in supersedes to replace it.');
}

export function checkSuperseded(
  { input, voter, comparison }: Vote,
  earlier: Omit<EarlierVote, 'seq'> | undefined,
): Rejection | null {
  if (input.supersedes === undefined) return null;
  if (!earlier || earlier.user === null || earlier.user !== voter.user || earlier.comparison !== comparison) {
    return reject('supersedes_unknown', `There is no vote ${input.supersedes} of this person on this comparison.`);
  }
  if (earlier.supersededBy === null) return null;
  return reject('supersedes_unknown', `The vote ${input.supersedes} was replaced by ${earlier.supersededBy} already.`);
}
