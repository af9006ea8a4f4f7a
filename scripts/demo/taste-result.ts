/** What it is worth to people that something is made for them: by their true tastes, against what everyone gets. */
import type { Estimate } from '../../shared/math/bootstrap.ts';
import { bootstrapClusters } from '../../shared/math/bootstrap-clusters.ts';

export type TasteKind = 'pictures' | 'replies';
export type Taste = number[];
/** How much a taste likes something; null = it is outside the world's grammar. */
export type Liking = number | null;

export type TasteResult = {
  kind: TasteKind;
  people: number;
  picks: number;
  /** How often what is made for a person is better, by that person's taste, than what everyone gets for prompt and seed; ties ½. */
  winRate: Estimate;
  /** The same by the tastes of the others: what is found is one's own, not what is better for everybody. */
  stranger: Estimate;
  /** By how much, in units of the world's taste, where both can be told. */
  gain: Estimate;
  /** Share of what is made for people that is within the world's grammar, and of what everyone gets; null = pictures have none. */
  sound: number | null;
  soundForEveryone: number | null;
};

type Compared = Pick<TasteResult, 'winRate' | 'stranger' | 'gain' | 'sound' | 'soundForEveryone'>;

/**
 * mine[person][prompt][taste][seed]: how much each taste likes what was made for that person; everyone[prompt][taste][seed]: what
 * everyone gets. Intervals are over people, who differ more than their prompts do.
 */
export function compareTastes(mine: Liking[][][][], everyone: Liking[][][], seed: number): Compared {
  const pairs = mine.flatMap((prompts, person) =>
    prompts.flatMap((tastes, prompt) =>
      tastes.flatMap((likings, taste) =>
        likings.map((ours, at) => ({
          ...{ cluster: String(person), own: taste === person, ours },
          theirs: everyone[prompt]?.[taste]?.[at] ?? null,
        })),
      ),
    ),
  );
  const wins = (own: boolean) =>
    pairs
      .filter((pair) => pair.own === own)
      .map(({ cluster, ours, theirs }) => ({ cluster, value: better(ours, theirs) }));
  const gains = pairs.flatMap(({ own, cluster, ours, theirs }) =>
    own && ours !== null && theirs !== null ? [{ cluster, value: ours - theirs }] : [],
  );
  const share = (which: 'ours' | 'theirs') => {
    const own = pairs.filter((pair) => pair.own);
    return own.filter((pair) => pair[which] !== null).length / own.length;
  };
  return {
    winRate: bootstrapClusters(wins(true), { seed }),
    stranger: bootstrapClusters(wins(false), { seed }),
    gain: bootstrapClusters(gains, { seed }),
    sound: share('ours'),
    soundForEveryone: share('theirs'),
  };
}

/** 1, ½ or 0; what nobody can read is worse than all that can be read. */
function better(ours: Liking, theirs: Liking): number {
  if (ours === theirs) return 0.5;
  return (ours ?? Number.NEGATIVE_INFINITY) > (theirs ?? Number.NEGATIVE_INFINITY) ? 1 : 0;
}
