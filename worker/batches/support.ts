/** What stands for a person in training: the person's other votes, as the same pairs that an embedding is made of. Pure. */
import type { Example, SupportVote } from '../../shared/contracts/batch.ts';
import { certainWeight, pairsOf, type TasteVote } from '../encoder/vote-pairs.ts';

/** A vote, the newest first, and whose it is. */
export type OwnedVote = TasteVote & { user: string };

/** Numbers in the support of one lease: what a Worker can hold several times over, as text and as values. */
const MAX_NUMBERS = 2_000_000;

/** Votes that may be looked at for each of `users`, when each has `wanted` to give. */
export function supportSize(wanted: number, users: number, featureSize: number): number {
  return Math.min(wanted, Math.max(1, Math.floor(MAX_NUMBERS / (4 * featureSize * Math.max(1, users)))));
}

/**
 * Names for each example at most `most` other usable votes of its user (fewer for everybody, where a lease would be too
 * large), and gives the pairs of each that is named. `keys`: pseudonyms by user.
 */
export function addSupport(
  examples: readonly Example[],
  owners: ReadonlyMap<string, string>,
  keys: ReadonlyMap<string, string>,
  votes: readonly OwnedVote[],
  { featureSize, most }: { featureSize: number; most: number },
): { examples: Example[]; support: SupportVote[] } {
  const usable = votes.flatMap((vote) => {
    const said = supportOf(vote, featureSize);
    return said.length > 0 ? [{ id: vote.id, user: vote.user, said }] : [];
  });
  const byUser = Map.groupBy(usable, ({ user }) => user);
  const named = new Set<string>();
  const supported = examples.map((example) => {
    const user = owners.get(example.preference);
    const userKey = user === undefined ? undefined : keys.get(user);
    if (user === undefined || userKey === undefined) return example;
    const others = (byUser.get(user) ?? []).map(({ id }) => id).filter((id) => id !== example.preference);
    const support = others.slice(0, most);
    for (const id of support) named.add(id);
    return { ...example, userKey, support };
  });
  const support = usable.flatMap(({ id, said }) => (named.has(id) ? said : []));
  if (most === 0 || support.length * 2 * featureSize <= MAX_NUMBERS) return { examples: supported, support };
  return addSupport(examples, owners, keys, votes, { featureSize, most: Math.floor(most / 2) });
}

function supportOf(vote: OwnedVote, featureSize: number): SupportVote[] {
  const pairs = pairsOf(vote, featureSize);
  if (typeof pairs === 'string') return [];
  return pairs.map((pair) => {
    return { preference: vote.id, chosen: [...pair.chosen], rejected: [...pair.rejected], weight: certainWeight(pair) };
  });
}
