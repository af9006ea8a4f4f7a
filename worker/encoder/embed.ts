/** From a person's votes to the embedding under one encoder. Pure, but for the network that it is handed. */
import type { EncoderInput, MixtureInput, SetEncoderInput, UnusableReason } from '../../shared/contracts/encoder.ts';
import { tastePosterior, uncertainty } from '../../shared/math/taste-posterior.ts';
import type { NetworkInputs, NetworkOutputs } from './network.ts';
import { certainWeight, pairsOf, type TastePair, type TasteVote } from './vote-pairs.ts';

export type Unusable = { preference: string; reason: UnusableReason };
export type Embedded = {
  /** That said something. */
  votes: number;
  values: number[];
  uncertainty: number[];
  unusable: Unusable[];
};

/** Runs the network of a set encoder. */
export type Run = (inputs: NetworkInputs) => Promise<NetworkOutputs>;

/** What a set encoder says is not what its record says: nothing can be made of it. */
export class BrokenEncoder extends Error {}

/** Throws BrokenEncoder, and what `run` throws. Without a usable vote it is the prior, and nothing is run. */
export async function embed(encoder: EncoderInput, votes: readonly TasteVote[], run: Run): Promise<Embedded> {
  const unusable: Unusable[] = [];
  const pairs: TastePair[] = [];
  for (const vote of votes) {
    const said = pairsOf(vote, encoder.featureSize);
    if (typeof said === 'string') unusable.push({ preference: vote.id, reason: said });
    else pairs.push(...said);
  }
  const embedded = encoder.kind === 'set' ? await embedSet(encoder, pairs, run) : embedMixture(encoder, pairs);
  return { votes: votes.length - unusable.length, ...embedded, unusable };
}

async function embedSet(encoder: SetEncoderInput, pairs: readonly TastePair[], run: Run) {
  if (pairs.length === 0) return { values: encoder.prior, uncertainty: [encoder.priorUncertainty] };
  const outputs = await run(inputsOf(pairs));
  const [values, spread] = [Array.from(outputs.embedding), Array.from(outputs.uncertainty)];
  checkOutput('embedding', values, encoder.tokens * encoder.width);
  checkOutput('uncertainty', spread, 1);
  return { values, uncertainty: spread };
}

function inputsOf(pairs: readonly TastePair[]): NetworkInputs {
  const size = pairs[0]?.chosen.length ?? 0;
  const rows = (side: 'chosen' | 'rejected') => {
    const all = new Float32Array(pairs.length * size);
    for (const [at, pair] of pairs.entries()) all.set(pair[side], at * size);
    return all;
  };
  const weight = Float32Array.from(pairs, certainWeight);
  return { votes: pairs.length, chosen: rows('chosen'), rejected: rows('rejected'), weight };
}

function checkOutput(name: string, values: readonly number[], length: number): void {
  if (values.length !== length) throw new BrokenEncoder(`its ${name} has ${values.length} numbers, not ${length}`);
  if (!values.every(Number.isFinite)) throw new BrokenEncoder(`its ${name} has numbers that are not finite`);
}

function embedMixture({ prior, scale, strength, maxWeight }: MixtureInput, pairs: readonly TastePair[]) {
  const contrasts = pairs.map(({ chosen, rejected, p, weight }) => ({
    difference: chosen.map((value, k) => scale * (value - (rejected[k] as number))),
    probability: p,
    weight,
  }));
  const taste = tastePosterior(contrasts, prior);
  return {
    values: clip(
      taste.mean.map((each) => strength * each),
      maxWeight,
    ),
    uncertainty: uncertainty(taste).map((each) => strength * each),
  };
}

/** The same direction, with `most` as the largest sum of absolute values. */
function clip(values: readonly number[], most: number): number[] {
  const sum = values.reduce((total, value) => total + Math.abs(value), 0);
  return values.map((value) => (sum > most ? (value * most) / sum : value));
}
