/** TRL's unpaired preference columns: a `prompt`, one `completion`, and whether it is good (`label`). */
import { readAnswer, readMessages } from './messages.ts';
import { type RatedRow, Unusable } from './row.ts';

export const trlUnpaired = {
  parse({ prompt, completion, label }: Record<string, unknown>): RatedRow {
    for (const [field, value] of Object.entries({ prompt, completion, label })) {
      if (value == null) throw new Unusable('missingField', field, `${field} is missing`);
    }
    if (typeof label !== 'boolean') throw new Unusable('wrongType', 'label', 'label must be true or false');
    const rating = label ? 1 : 0;
    if (typeof prompt === 'string' && typeof completion === 'string') {
      return { prompt: { text: prompt }, rated: [{ text: completion, rating }] };
    }
    if (Array.isArray(prompt) && Array.isArray(completion)) {
      const text = readAnswer(readMessages(completion, 'completion'), 'completion');
      return { prompt: { messages: readMessages(prompt, 'prompt') }, rated: [{ text, rating }] };
    }
    throw new Unusable('wrongType', 'completion', 'prompt and completion must both be text or both lists of messages');
  },

  print({ prompt, rated }: RatedRow): Record<string, unknown> {
    const [only] = rated;
    if (only === undefined || rated.length !== 1) {
      throw new Unusable('unsupported', 'completion', 'a line holds one answer');
    }
    const label = only.rating > 0;
    if ('text' in prompt) return { prompt: prompt.text, completion: only.text, label };
    return { prompt: prompt.messages, completion: [{ role: 'assistant', content: only.text }], label };
  },
};
