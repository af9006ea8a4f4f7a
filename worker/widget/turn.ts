/** One comparison while a person is at it: what it looks like, and what was said about it so far. */
import type { PreferenceInput } from '../../shared/contracts/preference.ts';
import { uuidv7 } from '../../shared/math/uuidv7.ts';
import type { Ballot, Context } from './answer.ts';
import type { Shown } from './deal.ts';
import type { Other } from './frame.ts';
import { ratingBallot, stepsBallot } from './marks.ts';
import { pairBallot } from './pair.ts';
import { rankingBallot } from './ranking.ts';
import type { Kind, VoteChoice } from './types.ts';

export type Turn = {
  shown: Shown;
  ballot: Ballot;
  since: number;
  /** The vote that counts for each thing that is judged on its own: a candidate of steps, else the whole. */
  votes: Map<string, PreferenceInput>;
  /** All of them, by id: a vote that is undone gives way to the one that it was to replace. */
  said: Map<string, PreferenceInput>;
};

const BALLOTS: Record<Kind, (context: Context) => Ballot> = {
  pair: pairBallot,
  ranking: rankingBallot,
  rating: ratingBallot,
  steps: stepsBallot,
};

export const OTHERS: Record<Kind, Other[]> = {
  pair: ['tie', 'bad', 'skip'],
  ranking: ['tie', 'bad', 'skip'],
  rating: ['skip'],
  steps: ['skip'],
};

export function openTurn(context: Context): Turn {
  return {
    shown: context.shown,
    ballot: BALLOTS[context.shown.kind](context),
    since: performance.now(),
    votes: new Map(),
    said: new Map(),
  };
}

export const slotOf = (choice: VoteChoice) => (choice.type === 'stepMark' ? choice.candidate : '');

/** Votes for what is new in `choices`, each with the earlier one that it replaces. */
export function makeVotes(
  { shown, votes, since }: Turn,
  choices: VoteChoice[],
  reason: string,
): { vote: PreferenceInput; before: PreferenceInput | undefined }[] {
  const latencyMs = Math.min(Math.round(performance.now() - since), 86_400_000);
  return choices.flatMap((choice) => {
    const before = votes.get(slotOf(choice)) ?? votes.get('');
    const isSame = before && JSON.stringify(before.choice) === JSON.stringify(choice);
    if (isSame && (before.reason ?? '') === reason) return [];
    const vote = {
      id: uuidv7(),
      comparison: shown.id,
      choice: choice as PreferenceInput['choice'],
      latencyMs,
      ...(shown.assignment && { assignment: shown.assignment }),
      ...(reason && { reason }),
    };
    return { vote, before };
  });
}
