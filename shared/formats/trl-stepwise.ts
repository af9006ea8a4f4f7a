/**
 * TRL's stepwise supervision columns: a plain `prompt`, `completions` (steps) and `labels` (whether each is right).
 * What is kept is the first wrong step; whatever follows it is printed as wrong.
 */
import { type StepsRow, Unusable } from './row.ts';

export const trlStepwise = {
  parse({ prompt, completions, labels }: Record<string, unknown>): StepsRow {
    if (typeof prompt !== 'string') {
      throw new Unusable(prompt == null ? 'missingField' : 'wrongType', 'prompt', 'prompt must be text');
    }
    const steps = readSteps(completions, 'completions');
    if (!Array.isArray(labels) || labels.some((label) => typeof label !== 'boolean')) {
      throw new Unusable('wrongType', 'labels', 'labels must be a list of true and false');
    }
    if (labels.length !== steps.length) {
      throw new Unusable('wrongType', 'labels', `${steps.length} steps need as many labels, not ${labels.length}`);
    }
    const first = labels.indexOf(false);
    return { prompt: { text: prompt }, steps, firstWrongStep: first < 0 ? null : first };
  },

  print({ prompt, steps, firstWrongStep }: StepsRow): Record<string, unknown> {
    const labels = steps.map((_, at) => firstWrongStep === null || at < firstWrongStep);
    return { prompt: plainPrompt(prompt), completions: steps, labels };
  },
};

export function readSteps(value: unknown, field: string): string[] {
  if (value == null) throw new Unusable('missingField', field, `${field} is missing`);
  if (!Array.isArray(value) || value.some((step) => typeof step !== 'string')) {
    throw new Unusable('wrongType', field, `${field} must be a list of texts`);
  }
  if (value.length === 0) throw new Unusable('empty', field, `${field} has no step`);
  if (value.length > 200) throw new Unusable('tooLong', field, `${field} has more than 200 steps`);
  return value;
}

/** One message of a user is a plain prompt; more of a conversation does not fit. */
export function plainPrompt(prompt: StepsRow['prompt']): string {
  if ('text' in prompt) return prompt.text;
  const [only] = prompt.messages;
  if (prompt.messages.length === 1 && only?.role === 'user') return only.content;
  throw new Unusable('unsupported', 'prompt', 'the format holds a plain prompt, not a conversation');
}
