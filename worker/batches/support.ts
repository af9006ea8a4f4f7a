/** What stands for a person in training: the person's other votes, each as what was chosen against what was not. Pure. */
import type { Example, SupportVote } from '../../shared/contracts/batch.ts';
import { certainWeight, pairsOf, type TastePair, type TasteVote } from '../encoder/vote-pairs.ts';

/** A vote, the newest first, and whose it is. */
export type OwnedVote = TasteVote & { user: string };

/** Numbers in the support of one lease: what a Worker can hold several times over, as text and as values. */
const MAX_NUMBERS = 1_000_000;

/** Votes that may stand for each of `users`, when each has `wanted` to give. */
export function supportSize(wanted: number, users: number, featureSize: number): number {
  return Math.min(wanted, Math.max(1, Math.floor(MAX_NUMBERS / (2 * featureSize * Math.max(1, users)))));
}

/**
 * Names for each example at most `most` other usable votes of its user, and gives each that is named once. `keys`: pseudonyms
 * by user.
 */
export function addSupport(
  examples: readonly Example[],
  owners: ReadonlyMap<string, string>,
  keys: ReadonlyMap<string, string>,
  votes: readonly OwnedVote[],
  { featureSize, most }: { featureSize: number; most: number },
): { examples: Example[]; support: SupportVote[] } {
  const usable = votes.flatMap((vote) => {
    const pairs = pairsOf(vote, featureSize);
    return typeof pairs === 'string' ? [] : [{ user: vote.user, said: asSupport(vote.id, pairs) }];
  });
  const byUser = Map.groupBy(usable, ({ user }) => user);
  const named = new Set<string>();
  const supported = examples.map((example) => {
    const user = owners.get(example.preference);
    const userKey = user === undefined ? undefined : keys.get(user);
    if (user === undefined || userKey === undefined) return example;
    const others = (byUser.get(user) ?? []).filter(({ said }) => said.preference !== example.preference);
    const support = others.slice(0, most).map(({ said }) => said.preference);
    for (const id of support) named.add(id);
    return { ...example, userKey, support };
  });
  return { examples: supported, support: usable.map(({ said }) => said).filter((said) => named.has(said.preference)) };
}

/** A vote is one entry: where it speaks of several candidates, the means of both sides. */
function asSupport(preference: string, pairs: readonly TastePair[]): SupportVote {
  const weight = pairs.reduce((sum, pair) => sum + certainWeight(pair), 0);
  const mean = (side: 'chosen' | 'rejected') => {
    const [first] = pairs;
    if (pairs.length === 1 && first) return [...first[side]];
    const sum = new Array<number>(first?.[side].length ?? 0).fill(0);
    for (const pair of pairs) {
      pair[side].forEach((value, at) => {
        sum[at] = (sum[at] as number) + (value * certainWeight(pair)) / weight;
      });
    }
    return sum;
  };
  return { preference, chosen: mean('chosen'), rejected: mean('rejected'), weight };
}
