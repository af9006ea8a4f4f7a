/** From votes: do people agree, do they favour a place, whose votes say little, and which models do they prefer? */
import type { PlaceBias, Rater, RaterReport } from '../contracts/rater.ts';
import { positionBias } from '../math/position-bias.ts';
import { quantile } from '../math/quantile.ts';
import { type Agreement, measureAgreement, measureAlpha } from './agreement.ts';
import { rankModels } from './models.ts';
import { type Person, tallyPeople } from './people.ts';
import { findSuspicions, type Usual, usualLatency } from './suspicions.ts';
import type { RaterVote } from './vote.ts';

/** votes: at most `window` of them, oldest first. */
export function reportRaters(domain: string, window: number, votes: readonly RaterVote[]): RaterReport {
  const tally = tallyPeople(votes);
  const agreement = measureAgreement(tally);
  const alpha = measureAlpha(tally);
  const usual: Usual = { informedness: agreement.typical, latencyMs: usualLatency(tally.people.values()) };
  const raters = [...tally.people].map(([user, person]) => raterOf(user, person, agreement, usual));
  return {
    domain,
    window,
    votes: tally.votes,
    people: tally.people.size,
    judgedTwice: agreement.judgedTwice,
    alpha: alpha?.value ?? null,
    alphaLow: alpha?.low ?? null,
    alphaHigh: alpha?.high ?? null,
    position: placeBias(tally.shown),
    raters: raters.sort((one, other) => other.votes - one.votes || (one.user < other.user ? -1 : 1)),
    models: rankModels(votes),
  };
}

/** null where it is not known where anything was shown. */
export function placeBias(shown: Person['shown']): PlaceBias | null {
  const bias = positionBias(...shown);
  return bias.n > 0 ? bias : null;
}

function raterOf(user: string, person: Person, { informedness }: Agreement, usual: Usual): Rater {
  const found = informedness.get(user);
  const rater = {
    user,
    votes: person.votes,
    checked: found?.checked ?? 0,
    informedness: found?.value ?? null,
    informednessLow: found?.low ?? null,
    informednessHigh: found?.high ?? null,
    position: placeBias(person.shown),
    medianLatencyMs: person.latencies.length > 0 ? quantile(person.latencies, 0.5) : null,
  };
  return { ...rater, suspicions: findSuspicions(rater, person, usual) };
}
