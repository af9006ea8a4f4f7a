/** One stored preference → one training example, or the reason why it yields none. Pure; the same at ingest and at lease. */
import type { Example } from '../../shared/contracts/batch.ts';
import type { Content } from '../../shared/contracts/candidate.ts';
import type { Choice, NotTrainableReason } from '../../shared/contracts/preference.ts';
import type { Prompt } from '../../shared/contracts/prompt.ts';
import { type Judgement, judge } from './judgements.ts';
import { mergePairs } from './merge-pairs.ts';

/** What the builder reads of a stored preference. */
export type Judged = {
  preference: string;
  prompt: Prompt;
  candidates: readonly { id: string; content: Content }[];
  choice: Choice;
  confidence: number;
  weight: number;
};

export type Built = { example: Example } | { notTrainable: NotTrainableReason };

/** The text a model is trained to write: steps are lines of one answer. */
export function completionText(content: Content): string {
  return content.type === 'text' ? content.text : content.steps.join('\n');
}

/**
 * Equal texts become one completion, blank ones take no part; what pairs remain share the preference's weight.
 * The order of completions is that of the dealt candidates.
 */
export function buildExample(judged: Judged): Built {
  const judgements = judge(
    judged.choice,
    judged.confidence,
    judged.candidates.map(({ id }) => id),
  );
  if (typeof judgements === 'string') return { notTrainable: judgements };

  const texts = new Map(judged.candidates.map(({ id, content }) => [id, completionText(content)]));
  const spoken = judgements.filter(
    ({ chosen, rejected }) => !isBlank(texts.get(chosen)) && !isBlank(texts.get(rejected)),
  );
  if (spoken.length === 0) return { notTrainable: 'emptyCompletion' };

  const distinct = spoken.filter(({ chosen, rejected }) => texts.get(chosen) !== texts.get(rejected));
  if (distinct.length === 0) return { notTrainable: 'equalTexts' };

  const completions = collectCompletions(judged.candidates, texts, distinct);
  const index = new Map(completions.map((text, i) => [text, i]));
  const at = (id: string) => index.get(texts.get(id) ?? '') ?? -1;
  const pairs = mergePairs(
    distinct.map(({ chosen, rejected, p }) => ({ chosen: at(chosen), rejected: at(rejected), p })),
    judged.weight,
  );
  return { example: { preference: judged.preference, prompt: judged.prompt, completions, pairs } };
}

function isBlank(text: string | undefined): boolean {
  return text === undefined || text.trim() === '';
}

function collectCompletions(
  candidates: Judged['candidates'],
  texts: ReadonlyMap<string, string>,
  judgements: readonly Judgement[],
): string[] {
  const judgedIds = new Set(judgements.flatMap(({ chosen, rejected }) => [chosen, rejected]));
  const used = candidates.filter(({ id }) => judgedIds.has(id)).map(({ id }) => texts.get(id) ?? '');
  return [...new Set(used)];
}
