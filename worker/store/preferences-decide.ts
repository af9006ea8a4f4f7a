/** Judges votes, in order, against what was gathered and against one another. Pure: rows to write come out. */
import type { Choice, NotTrainableReason, PreferenceStatus } from '../../shared/contracts/preference.ts';
import { isHeldOut } from '../../shared/math/hold-out.ts';
import { buildBody } from '../batches/build-example.ts';
import { checkChoice } from './preferences-choice.ts';
import { type Asked, checkAssignment, checkSuperseded, comparisonOf } from './preferences-claims.ts';
import type { Gathered } from './preferences-gather.ts';
import type { Outcome, Vote } from './preferences-vote.ts';
import { isRejection, type Rejection, reject } from './rejection.ts';

/** A row of `preference`, less what is the same for all rows of a call. */
export type NewVote = {
  id: string;
  bodyHash: string;
  domain: string;
  comparison: string;
  user: string | null;
  choice: Choice;
  reason: string | null;
  supersedes: string | null;
  supersededBy: string | null;
  confidence: number;
  weight: number;
  latencyMs: number | null;
  nonce: string | null;
  status: PreferenceStatus;
  notTrainable: NotTrainableReason | null;
};

/** An earlier, stored vote that a new one replaces; `releaseNonce` when the new one answers the same deal. */
export type Replacement = { seq: number; by: string; releaseNonce: boolean };

export type Decision = { outcomes: Outcome[]; rows: NewVote[]; accepted: Vote[]; replacements: Replacement[] };

/** Outcomes stand in the order of the votes; `rows` and `accepted` go together. */
export function decideVotes(project: string, votes: readonly Vote[], gathered: Gathered): Decision {
  const made = new Map<string, NewVote>();
  const decision: Decision = { outcomes: [], rows: [], accepted: [], replacements: [] };
  const nonces = new Map(gathered.nonces);
  const earlier = new Map(gathered.earlier);

  // A row may still change, when a later vote of the call replaces it: outcomes are written down last.
  const judged = votes.map(judgeVote);
  decision.outcomes = judged.map((outcome) => ('result' in outcome ? outcome : stored('created', outcome)));
  return decision;

  function judgeVote(vote: Vote): Outcome | NewVote {
    const { id } = vote.input;
    const same = made.get(id) ?? gathered.existing.get(id);
    if (same?.bodyHash === vote.bodyHash) return stored('duplicate', same);
    if (same) return rejected(reject('idempotency_conflict', `The id ${id} was used for another vote.`));

    const comparison = comparisonOf(vote, gathered);
    if (isRejection(comparison)) return rejected(comparison);
    const problem =
      checkChoice(vote.input.choice, comparison.kind, comparison.candidates) ??
      checkAssignment(vote, comparison, nonces) ??
      checkSuperseded(vote, made.get(vote.input.supersedes ?? '') ?? earlier.get(vote.input.supersedes ?? ''));
    if (problem) return rejected(problem);

    const row = newVote(project, vote, comparison);
    replaceEarlier(vote, row);
    if (row.nonce !== null) nonces.set(row.nonce, id);
    made.set(id, row);
    decision.rows.push(row);
    decision.accepted.push(vote);
    return row;
  }

  function replaceEarlier({ input: { id, supersedes } }: Vote, row: NewVote): void {
    if (supersedes === undefined) return;
    const releaseNonce = row.nonce !== null && nonces.get(row.nonce) === supersedes;
    const inCall = made.get(supersedes);
    if (inCall) {
      Object.assign(
        inCall,
        { supersededBy: id, status: 'superseded', notTrainable: null },
        releaseNonce && { nonce: null },
      );
      return;
    }
    const stored = earlier.get(supersedes);
    if (!stored) return;
    earlier.set(supersedes, { ...stored, supersededBy: id });
    decision.replacements.push({ seq: stored.seq, by: id, releaseNonce });
  }
}

function newVote(project: string, vote: Vote, comparison: Asked): NewVote {
  const { input, voter, assignment } = vote;
  const { choice, confidence = 1 } = input;
  const judged = { candidates: comparison.candidates, choice, confidence, weight: voter.weight };
  const facts = { ...comparison.facts, hasUser: voter.user !== null };
  const built = buildBody(judged, facts, comparison.recipe);
  const notTrainable = 'notTrainable' in built ? built.notTrainable : null;
  const unit =
    comparison.splitBy === 'user' && voter.user !== null ? voter.user : (comparison.group ?? comparison.prompt);
  const held = comparison.holdOut > 0 && isHeldOut(project, comparison.domain, unit, comparison.holdOut);
  return {
    id: input.id,
    bodyHash: vote.bodyHash,
    domain: comparison.domain,
    comparison: vote.comparison,
    user: voter.user,
    choice,
    reason: input.reason ?? null,
    supersedes: input.supersedes ?? null,
    supersededBy: null,
    confidence,
    weight: voter.weight,
    latencyMs: input.latencyMs ?? null,
    nonce: assignment && 'nonce' in assignment ? assignment.nonce : null,
    status: notTrainable ? 'notTrainable' : held ? 'heldOut' : 'waiting',
    notTrainable,
  };
}

function stored(
  result: 'created' | 'duplicate',
  { status, notTrainable }: Pick<NewVote, 'status' | 'notTrainable'>,
): Outcome {
  return { result, status, notTrainable };
}

function rejected(rejection: Rejection): Outcome {
  return { result: 'rejected', ...rejection };
}
