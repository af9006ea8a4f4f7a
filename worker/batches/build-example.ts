/** One stored preference → one training example, or the reason why it yields none. Pure; the same at ingest and at lease. */
import type { Example, Pair } from '../../shared/contracts/batch.ts';
import type { Content } from '../../shared/contracts/candidate.ts';
import type { Choice, NotTrainableReason } from '../../shared/contracts/preference.ts';
import { type Prompt, withSystem } from '../../shared/contracts/prompt.ts';
import { type Judgement, judge } from './judgements.ts';
import { mergePairs } from './merge-pairs.ts';

/** What was said, of which candidates (in the dealt order), and how much it counts. */
export type Judged = {
  candidates: readonly { id: string; content: Content }[];
  choice: Choice;
  confidence: number;
  weight: number;
};

export type Pairs = { completions: string[]; pairs: Pair[] };
export type NotTrainable = { notTrainable: NotTrainableReason };

/** The text a model is trained to write: steps are lines of one answer. */
export function completionText(content: Content): string {
  return content.type === 'text' ? content.text : content.steps.join('\n');
}

/** `system` is put before a conversation that has no system message of its own, as it is when answers are asked for. */
export function buildExample(
  judged: Judged & { preference: string; prompt: Prompt },
  system: string | null = null,
): Example | NotTrainable {
  const built = buildPairs(judged);
  if ('notTrainable' in built) return built;
  const { preference, prompt } = judged;
  const asked = prompt.messages ? { ...prompt, messages: withSystem(prompt.messages, system) } : prompt;
  return { preference, prompt: asked, ...built };
}

/**
 * Equal texts become one completion, blank ones take no part; what pairs remain share the preference's weight.
 * The order of completions is that of the dealt candidates.
 */
export function buildPairs(judged: Judged): Pairs | NotTrainable {
  const { candidates, choice, confidence, weight } = judged;
  const judgements = judge(
    choice,
    confidence,
    candidates.map(({ id }) => id),
  );
  if (typeof judgements === 'string') return { notTrainable: judgements };

  const texts = new Map(candidates.map(({ id, content }) => [id, completionText(content)]));
  const text = (id: string) => texts.get(id) ?? '';
  const spoken = judgements.filter(({ chosen, rejected }) => !isBlank(text(chosen)) && !isBlank(text(rejected)));
  if (spoken.length === 0) return { notTrainable: 'emptyCompletion' };

  const distinct = spoken.filter(({ chosen, rejected }) => text(chosen) !== text(rejected));
  if (distinct.length === 0) return { notTrainable: 'equalTexts' };

  const completions = usedTexts(candidates, text, distinct);
  const at = (id: string) => completions.indexOf(text(id));
  const indexed = distinct.map(({ chosen, rejected, p }) => ({ chosen: at(chosen), rejected: at(rejected), p }));
  return { completions, pairs: mergePairs(indexed, weight) };
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}

function usedTexts(
  candidates: Judged['candidates'],
  text: (id: string) => string,
  judgements: readonly Judgement[],
): string[] {
  const used = new Set(judgements.flatMap(({ chosen, rejected }) => [chosen, rejected]));
  return [...new Set(candidates.filter(({ id }) => used.has(id)).map(({ id }) => text(id)))];
}
