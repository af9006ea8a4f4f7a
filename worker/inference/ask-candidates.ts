/** Candidates of the domain's own models: from the adapter that is served and from the head, every draw recorded. */
import { type Content, MAX_STEPS, type Origin } from '../../shared/contracts/candidate.ts';
import type { ComparisonKind } from '../../shared/contracts/comparison.ts';
import type { FeatureList } from '../../shared/contracts/features.ts';
import type { ChatCompletion } from '../../shared/contracts/inference.ts';
import type { Message } from '../../shared/contracts/prompt.ts';
import { Text } from '../../shared/contracts/text.ts';
import { ApiError } from '../access/api-error.ts';
import type { BackEnd } from './back-end.ts';
import { mostDifferent, textDistance } from './most-different.ts';

export type Draw = { role: 'live' | 'head' | 'base'; adapter: string | null; seed: number };
export type Wish = {
  kind: ComparisonKind;
  messages: Message[];
  k: number;
  /** Outputs that are drawn: at least k. */
  draws: number;
  seed: number;
  temperature: number;
  topP: number;
  maxTokens: number;
  /** Adapters whose opinion of each output is wanted, and the space that their opinions make. */
  basis?: Basis | null;
};
export type Basis = { space: string; adapters: string[] };
export type Made = { content: Content; origin: Origin; features?: FeatureList };

/** Rounds in which an output that repeats another one, or cannot be stored, is drawn again. */
const REDRAWS = 2;

/** live, head, live, head, …, each with a seed of its own; where both are one adapter the seeds make the difference. */
export function planDraws(pointers: { live: string | null; head: string | null }, count: number, seed: number): Draw[] {
  return Array.from({ length: count }, (_, i) => {
    const isHead = i % 2 === 1 && pointers.head !== pointers.live;
    const adapter = isHead ? pointers.head : pointers.live;
    return { role: adapter === null ? 'base' : isHead ? 'head' : 'live', adapter, seed: (seed + i) % 2 ** 31 };
  });
}

/**
 * k outputs, in the order of the plan: of more draws those that differ most. Equal texts cannot be compared, so as long
 * as k different ones are missing a repetition is drawn again with a further seed; it stays when the model has nothing
 * else to say. Throws `inference_failed` for text that cannot be stored.
 */
export async function askCandidates(
  backEnd: BackEnd,
  pointers: { live: string | null; head: string | null },
  wish: Wish,
  signal: AbortSignal,
): Promise<Made[]> {
  const plan = planDraws(pointers, wish.draws, wish.seed);
  const outputs = await Promise.all(plan.map((draw) => ask(backEnd, draw, wish, signal)));
  const isFresh = (output: Output, i: number) => isUsable(output, outputs.slice(0, i));
  for (let round = 1; round <= REDRAWS && wish.temperature > 0; round++) {
    if (outputs.filter(isFresh).length >= wish.k) break;
    const again = outputs.flatMap((output, i) => (isFresh(output, i) ? [] : [i]));
    await Promise.all(
      again.map(async (i) => {
        const draw = plan[i] as Draw;
        outputs[i] = await ask(backEnd, { ...draw, seed: (draw.seed + round * wish.draws) % 2 ** 31 }, wish, signal);
      }),
    );
  }
  const fresh = outputs.filter(isFresh);
  const rest = outputs.filter((output) => !fresh.includes(output));
  const distance = textDistance(fresh.map(({ text }) => text));
  const picked = mostDifferent(fresh.length, wish.k, distance).map((i) => fresh[i] as Output);
  return [...picked, ...rest].slice(0, wish.k).map((output) => {
    if (!Text.safeParse(output.text).success)
      throw new ApiError('inference_failed', 'The model’s output is not valid text.');
    const { text, ...rest } = output;
    return { content: asContent(text, wish.kind), ...rest };
  });
}

type Output = Omit<Made, 'content'> & { text: string };

function isUsable({ text }: Output, earlier: Output[]): boolean {
  return Text.safeParse(text).success && earlier.every((other) => other.text !== text);
}

async function ask(backEnd: BackEnd, draw: Draw, wish: Wish, signal: AbortSignal): Promise<Output> {
  const completion = await backEnd.complete(
    {
      model: draw.adapter ?? 'base',
      messages: wish.messages,
      n: 1,
      seed: draw.seed,
      temperature: wish.temperature,
      top_p: wish.topP,
      max_tokens: wish.maxTokens,
      stream: false,
      logprobs: true,
      ...(wish.basis && { basis: wish.basis.adapters }),
    },
    signal,
  );
  const choice = completion.choices[0] as ChatCompletion['choices'][number];
  // A back end that knows no basis says nothing of it; the answer is as good without.
  const values = choice.log_ratios;
  return {
    ...(wish.basis && values?.length && { features: [{ space: wish.basis.space, values }] }),
    text: choice.message.content,
    origin: {
      ...draw,
      model: null,
      temperature: wish.temperature,
      topP: wish.topP,
      tokenIds: choice.token_ids ?? null,
      logps: choice.logprobs?.content.map(({ logprob }) => logprob) ?? null,
    },
  };
}

// A line is a step: joined by line breaks the steps are the text again.
function asContent(text: string, kind: ComparisonKind): Content {
  const steps = text.split('\n');
  return kind === 'steps' && steps.length <= MAX_STEPS ? { type: 'steps', steps } : { type: 'text', text };
}
