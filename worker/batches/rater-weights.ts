/**
 * How much each vote of a batch counts, by how reliable its voter was found: a factor from 0 to 1 for the weight that the
 * vote has of its own. Pure. Why, and when not to use it: docs/loop.md.
 *
 * reliability = min(agreement, place)
 *   agreement = (n q + k) / (n + k), q = J / J* within 0..1: J is the voter's informedness over n pairs that others judged too,
 *     J* what is usual in the domain. The weight of a rater who is right with probability p is J = 2p - 1 (Li & Yu 2014, arXiv
 *     1411.4086, eq. of their iterative weighted majority voting); who was checked little is taken for reliable, with the
 *     credibility n / (n + k) of Bühlmann (1967).
 *   place = 1 - 2 b, b the bias for a place that is certain (the near end of its 95 % interval, or 0): whoever clicks one place
 *     in a share λ of the votes and judges in the rest has a bias of λ / 2.
 *
 * Then the cap: whoever weighs more than the largest share of the batch is cut to it, and nobody is raised.
 */
import type { BatchWeights } from '../../shared/contracts/batch.ts';
import { measureAgreement } from '../../shared/raters/agreement.ts';
import { tallyPeople } from '../../shared/raters/people.ts';
import { placeBias } from '../../shared/raters/rater-report.ts';
import type { RaterVote } from '../../shared/raters/vote.ts';

/** A vote of the batch; user null = nobody knows whose. weight: its own, before any of this. */
export type Member = { preference: string; user: string | null; weight: number };

/** Checks that weigh as much as the assumption that somebody is reliable. */
const CREDIT = 10;
/** From so many users on nobody weighs more than this; among fewer, nobody more than twice an even share. */
export const [MANY, LARGEST_SHARE] = [20, 0.05];
/** Who is less reliable than this is no user as far as their number is concerned. */
const COUNTS = 0.5;

/** votes: oldest first. By user, of those who cast them; others are taken for reliable. */
export function findReliability(votes: readonly RaterVote[]): Map<string, number> {
  const tally = tallyPeople(votes);
  const { informedness, typical } = measureAgreement(tally);
  return new Map(
    [...tally.people].map(([user, { shown }]) => {
      const found = informedness.get(user);
      const bias = placeBias(shown);
      const certain = bias === null ? 0 : Math.max(0, bias.low, -bias.high);
      // Where people agree no better than chance, nobody can be told from another.
      if (found === undefined || typical === null) return [user, 1 - 2 * certain];
      const share = Math.min(1, Math.max(0, found.value / typical));
      return [user, Math.min(1 - 2 * certain, (found.checked * share + CREDIT) / (found.checked + CREDIT))];
    }),
  );
}

/** reliability: by user, 1 where it is not known. */
export function weighMembers(
  members: readonly Member[],
  reliability: ReadonlyMap<string, number>,
): Pick<BatchWeights, 'users' | 'largestShare' | 'weights'> {
  const trust = (user: string) => reliability.get(user) ?? 1;
  const sums = new Map<string, number>();
  let unknown = 0;
  for (const { user, weight } of members) {
    if (user === null) unknown += weight;
    else sums.set(user, (sums.get(user) ?? 0) + weight * trust(user));
  }
  const users = [...sums].filter(([user, sum]) => sum > 0 && trust(user) >= COUNTS).length;
  const largestShare = users >= MANY ? LARGEST_SHARE : Math.min(1, 2 / Math.max(1, users));
  const most = largestWeight([...sums.values()], unknown, largestShare);
  const factor = (user: string) => {
    const sum = sums.get(user) as number;
    return trust(user) * (sum > most ? most / sum : 1);
  };
  return {
    users,
    largestShare,
    weights: Object.fromEntries(members.map(({ preference, user }) => [preference, user === null ? 1 : factor(user)])),
  };
}

/** Largest t such that none of min(weight, t) is more than `share` of their sum and `rest`; the largest ones are cut to it. */
function largestWeight(weights: readonly number[], rest: number, share: number): number {
  const sorted = weights.toSorted((one, other) => other - one);
  let left = rest + sorted.reduce((sum, each) => sum + each, 0);
  for (const [cut, weight] of sorted.entries()) {
    const most = (share * left) / (1 - share * cut);
    if (weight <= most * (1 + 1e-12)) return most;
    left -= weight;
  }
  return Number.POSITIVE_INFINITY;
}
