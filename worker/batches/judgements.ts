/** What a choice says about each two candidates: the soft label of one being the better. */
import type { Choice, NotTrainableReason } from '../../shared/contracts/preference.ts';

/** p = probability that `chosen` is really preferred; a tie is one half. Candidates by id. */
export type Judgement = { chosen: string; rejected: string; p: number };

/** Candidates from best to worst; those of one inner list are tied. */
type Tiers = readonly (readonly string[])[];

/**
 * A choice that orders candidates gives one judgement for every two of them; one that orders none gives the reason.
 * `candidates` are those of the comparison, in the dealt order.
 */
export function judge(
  choice: Choice,
  confidence: number,
  candidates: readonly string[],
): Judgement[] | NotTrainableReason {
  switch (choice.type) {
    case 'skip':
    case 'bothBad':
      return choice.type;
    case 'stepMark':
      return 'unsupportedKind';
    case 'tie':
      return compareTiers([candidates], confidence);
    case 'pair':
      return candidates
        .filter((id) => id !== choice.chosen)
        .map((rejected) => ({ chosen: choice.chosen, rejected, p: confidence }));
    case 'ranking':
      return compareTiers(choice.ranking, confidence);
    case 'rating':
      return choice.ratings.length < 2 ? 'singleRating' : compareTiers(rankRatings(choice.ratings), confidence);
  }
}

/** Ratings of one person are comparable with one another only: they become a ranking. */
function rankRatings(ratings: readonly { candidate: string; rating: number }[]): Tiers {
  const values = [...new Set(ratings.map(({ rating }) => rating))].sort((a, b) => b - a);
  return values.map((value) => ratings.filter(({ rating }) => rating === value).map(({ candidate }) => candidate));
}

function compareTiers(tiers: Tiers, confidence: number): Judgement[] {
  const ranked = tiers.flatMap((tier, rank) => tier.map((id) => ({ id, rank })));
  return ranked.flatMap((better, i) =>
    ranked.slice(i + 1).map((worse) => ({
      chosen: better.id,
      rejected: worse.id,
      p: better.rank === worse.rank ? 0.5 : confidence,
    })),
  );
}
