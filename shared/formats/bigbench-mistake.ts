/**
 * Chains of thought with their first mistake, as in BIG-Bench Mistake (arXiv 2311.08516): `input`, `steps`, `target` (the
 * right answer) and `mistake_index`. The chain's own `answer` is the end of its last step; it is not kept apart.
 */
import { type StepsRow, Unusable } from './row.ts';
import { plainPrompt, readSteps } from './trl-stepwise.ts';

export const bigbenchMistake = {
  parse({ input, steps, target, mistake_index: mistake }: Record<string, unknown>): StepsRow {
    if (typeof input !== 'string') {
      throw new Unusable(input == null ? 'missingField' : 'wrongType', 'input', 'input must be text');
    }
    const read = readSteps(steps, 'steps');
    if (mistake !== null && (typeof mistake !== 'number' || !Number.isInteger(mistake))) {
      throw new Unusable('wrongType', 'mistake_index', 'mistake_index must be a step from 0, or null');
    }
    if (mistake !== null && (mistake < 0 || mistake >= read.length)) {
      throw new Unusable('outOfRange', 'mistake_index', `there is no step ${mistake} among ${read.length} (from 0)`);
    }
    if (target != null && typeof target !== 'string' && typeof target !== 'number') {
      throw new Unusable('wrongType', 'target', 'target must be text or a number');
    }
    const known = target == null || target === '' ? {} : { answer: String(target) };
    return { prompt: { text: input }, steps: read, firstWrongStep: mistake, ...known };
  },

  print({ prompt, steps, firstWrongStep, answer }: StepsRow): Record<string, unknown> {
    return { input: plainPrompt(prompt), steps, target: answer ?? null, mistake_index: firstWrongStep };
  },
};
