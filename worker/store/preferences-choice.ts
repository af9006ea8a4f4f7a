/** Whether a choice answers what its comparison asks, about the candidates that it has. Pure. */
import type { Candidate } from '../../shared/contracts/candidate.ts';
import type { ComparisonKind } from '../../shared/contracts/comparison.ts';
import type { Choice } from '../../shared/contracts/preference.ts';
import { type Rejection, reject } from './rejection.ts';

const ANSWERS: Record<ComparisonKind, Choice['type']> = {
  pair: 'pair',
  ranking: 'ranking',
  rating: 'rating',
  steps: 'stepMark',
};

/** Ties, "both bad" and skips are always allowed. */
const ALWAYS: readonly Choice['type'][] = ['tie', 'bothBad', 'skip'];

type Shown = readonly Pick<Candidate, 'id' | 'content'>[];

/** null = it does. */
export function checkChoice(choice: Choice, kind: ComparisonKind, candidates: Shown): Rejection | null {
  if (ALWAYS.includes(choice.type)) return null;
  if (choice.type !== ANSWERS[kind]) {
    return reject('kind_mismatch', `A ${kind} comparison is answered with ${ANSWERS[kind]}, not with ${choice.type}.`);
  }
  const named = namedCandidates(choice);
  const stranger = named.find((id) => !candidates.some((candidate) => candidate.id === id));
  if (stranger !== undefined) {
    return reject('candidate_not_in_comparison', `The candidate ${stranger} is not in this comparison.`);
  }
  if (new Set(named).size < named.length) return reject('invalid_request', 'The choice names a candidate twice.');
  if (choice.type === 'ranking' && named.length < candidates.length) {
    return reject(
      'invalid_request',
      `The ranking names ${named.length} of ${candidates.length} candidates: it needs them all.`,
    );
  }
  if (choice.type === 'pair' && (choice.position ?? 0) >= candidates.length) {
    return reject('invalid_request', `There is no position ${choice.position} among ${candidates.length} candidates.`);
  }
  return choice.type === 'stepMark' ? checkStep(choice, candidates) : null;
}

function namedCandidates(choice: Choice): string[] {
  switch (choice.type) {
    case 'pair':
      return [choice.chosen];
    case 'ranking':
      return choice.ranking.flat();
    case 'rating':
      return choice.ratings.map(({ candidate }) => candidate);
    case 'stepMark':
      return [choice.candidate];
    default:
      return [];
  }
}

function checkStep(choice: Extract<Choice, { type: 'stepMark' }>, candidates: Shown): Rejection | null {
  const content = candidates.find(({ id }) => id === choice.candidate)?.content;
  if (content?.type !== 'steps')
    return reject('kind_mismatch', 'Only a candidate made of steps can have a step marked.');
  if (choice.firstWrongStep !== null && choice.firstWrongStep >= content.steps.length) {
    return reject(
      'invalid_request',
      `There is no step ${choice.firstWrongStep} among ${content.steps.length} (from 0).`,
    );
  }
  return null;
}
