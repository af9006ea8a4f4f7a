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

/** What one vote says, in pairs. */
type Said = { preference: string; pairs: TastePair[] };

/** Throws BrokenEncoder, and what `run` throws. Without a usable vote it is the prior, and nothing is run. */
export async function embed(encoder: EncoderInput, votes: readonly TasteVote[], run: Run): Promise<Embedded> {
  const reasons = new Map<string, UnusableReason>();
  const said: Said[] = [];
  for (const vote of votes) {
    const pairs = pairsOf(vote, encoder.featureSize);
    if (typeof pairs === 'string') reasons.set(vote.id, pairs);
    else said.push({ preference: vote.id, pairs });
  }
  const embedded =
    encoder.kind === 'set'
      ? await embedSet(encoder, said, run, reasons)
      : embedMixture(
          encoder,
          said.flatMap(({ pairs }) => pairs),
        );
  const unusable = votes.flatMap(({ id }) => {
    const reason = reasons.get(id);
    return reason ? [{ preference: id, reason }] : [];
  });
  return { votes: votes.length - unusable.length, ...embedded, unusable };
}

/** Votes that overflow the network by themselves are left out of an embedding that is not finite, and added to `reasons`. */
async function embedSet(
  encoder: SetEncoderInput,
  said: readonly Said[],
  run: Run,
  reasons: Map<string, UnusableReason>,
): Promise<Pick<Embedded, 'values' | 'uncertainty'>> {
  if (said.length === 0) return { values: encoder.prior, uncertainty: [encoder.priorUncertainty] };
  const whole = await ask(encoder, said, run);
  if (areFinite(whole)) return whole;
  const fitting: Said[] = [];
  for (const vote of said) {
    if (areFinite(await ask(encoder, [vote], run))) fitting.push(vote);
    else reasons.set(vote.preference, 'overflow');
  }
  if (fitting.length === said.length) throw new BrokenEncoder('it gives numbers that are not finite');
  return embedSet(encoder, fitting, run, reasons);
}

async function ask({ tokens, width }: SetEncoderInput, said: readonly Said[], run: Run) {
  const outputs = await run(inputsOf(said.flatMap(({ pairs }) => pairs)));
  const [values, uncertainty] = [Array.from(outputs.embedding), Array.from(outputs.uncertainty)];
  checkLength('embedding', values, tokens * width);
  checkLength('uncertainty', uncertainty, 1);
  return { values, uncertainty };
}

function areFinite({ values, uncertainty }: Pick<Embedded, 'values' | 'uncertainty'>): boolean {
  return [...values, ...uncertainty].every(Number.isFinite);
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

function checkLength(name: string, values: readonly number[], length: number): void {
  if (values.length !== length) throw new BrokenEncoder(`its ${name} has ${values.length} numbers, not ${length}`);
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
