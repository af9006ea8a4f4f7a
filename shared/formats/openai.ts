/**
 * OpenAI's preference JSONL (type FineTunePreferenceRequestInput of its OpenAPI document), which Azure, Together and
 * Fireworks read too: `input.messages`, `preferred_output`, `non_preferred_output`. Chat only.
 */
import { isAbsent, readAnswer, readMessages } from './messages.ts';
import { type Row, Unusable } from './row.ts';

function readInput(value: unknown): Record<string, unknown> {
  if (value == null) throw new Unusable('missingField', 'input', 'input is missing');
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new Unusable('wrongType', 'input', 'input must be an object with messages');
  }
  return value as Record<string, unknown>;
}

export const openai = {
  parse(record: Record<string, unknown>): Row {
    const input = readInput(record.input);
    for (const field of ['preferred_output', 'non_preferred_output']) {
      if (record[field] == null) throw new Unusable('missingField', field, `${field} is missing`);
    }
    if (!isAbsent(input.tools)) throw new Unusable('unsupported', 'input.tools', 'rows with tools cannot be used yet');
    return {
      prompt: { messages: readMessages(input.messages, 'input.messages') },
      chosen: readAnswer(readMessages(record.preferred_output, 'preferred_output'), 'preferred_output'),
      rejected: readAnswer(readMessages(record.non_preferred_output, 'non_preferred_output'), 'non_preferred_output'),
    };
  },

  print({ prompt, chosen, rejected }: Row): Record<string, unknown> {
    if ('text' in prompt) {
      throw new Unusable('unsupported', 'prompt', 'the format holds conversations only, and this prompt is plain text');
    }
    return {
      input: { messages: prompt.messages, tools: [], parallel_tool_calls: true },
      preferred_output: [{ role: 'assistant', content: chosen }],
      non_preferred_output: [{ role: 'assistant', content: rejected }],
    };
  },
};
