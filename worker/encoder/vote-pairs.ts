/** What a vote says of a taste: pairs of features, of what was chosen and of what was not; or why it says nothing. */
import type { UnusableReason } from '../../shared/contracts/encoder.ts';
import type { Choice } from '../../shared/contracts/preference.ts';
import { judge } from '../batches/judgements.ts';

/** What is stored of a candidate in one space: null = no features at all, false = of other spaces alone. */
export type StoredFeatures = readonly (number | null)[] | null | false;

export type TasteVote = {
  id: string;
  choice: Choice;
  confidence: number;
  weight: number;
  /** In the dealt order. */
  candidates: readonly { id: string; features: StoredFeatures }[];
};

/** p: probability that the chosen one is really preferred, above ½. */
export type TastePair = { chosen: readonly number[]; rejected: readonly number[]; p: number; weight: number };

/** The pairs share the vote's weight: one among k is k − 1 pairs. `size`: numbers of a vector of the space. */
export function pairsOf(
  { choice, confidence, weight, candidates }: TasteVote,
  size: number,
): TastePair[] | UnusableReason {
  const ids = candidates.map(({ id }) => id);
  const judgements = judge(choice, confidence, ids);
  if (typeof judgements === 'string' || weight === 0) return 'noOrder';
  const ordered = judgements.filter(({ p }) => p > 0.5);
  if (ordered.length === 0) return 'noOrder';

  const read = new Map(candidates.map(({ id, features }) => [id, readFeatures(features, size)]));
  const pairs = ordered.map(({ chosen, rejected, p }) => ({
    chosen: read.get(chosen),
    rejected: read.get(rejected),
    p,
  }));
  const usable = pairs.flatMap(({ chosen, rejected, p }) =>
    isVector(chosen) && isVector(rejected) ? [{ chosen, rejected, p }] : [],
  );
  if (usable.length > 0) return usable.map((pair) => ({ ...pair, weight: weight / usable.length }));
  const sides = pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]);
  return sides.find((side) => !isVector(side)) as UnusableReason;
}

/** A network knows no probabilities: a label that is right with p counts 2p − 1 of a certain one. */
export function certainWeight({ p, weight }: Pick<TastePair, 'p' | 'weight'>): number {
  return weight * (2 * p - 1);
}

function isVector(features: readonly number[] | UnusableReason | undefined): features is readonly number[] {
  return Array.isArray(features);
}

function readFeatures(features: StoredFeatures, size: number): readonly number[] | UnusableReason {
  if (features === null) return 'noFeatures';
  if (features === false) return 'otherSpace';
  if (features.length !== size) return 'wrongLength';
  // Networks read 32-bit floats: what is infinite there is not finite here.
  const areFinite = features.every((value) => value !== null && Number.isFinite(Math.fround(value)));
  return areFinite ? (features as readonly number[]) : 'notFinite';
}
