/**
 * TRL's preference columns (huggingface/trl, docs/source/dataset_formats.md): `chosen` and `rejected` with a `prompt`
 * or, when both begin with it, without; texts or lists of messages. Printed with an explicit prompt, always.
 */
import { isAbsent, readAnswer, readMessages } from './messages.ts';
import { type Row, Unusable } from './row.ts';
import { sharedTextLength, sharedTurns } from './shared-prompt.ts';

const noSharedPrompt = () =>
  new Unusable(
    'noSharedPrompt',
    'prompt',
    'there is no prompt, and chosen and rejected do not begin with the same one',
  );

function parseTexts(prompt: unknown, chosen: string, rejected: string): Row {
  if (Array.isArray(prompt)) return { prompt: { messages: readMessages(prompt, 'prompt') }, chosen, rejected };
  if (typeof prompt === 'string') return { prompt: { text: prompt }, chosen, rejected };
  const length = sharedTextLength(chosen, rejected);
  if (length === 0) throw noSharedPrompt();
  return { prompt: { text: chosen.slice(0, length) }, chosen: chosen.slice(length), rejected: rejected.slice(length) };
}

/** A plain `prompt` beside full conversations repeats what they begin with; beside bare answers it is the user's turn. */
function parseConversations(prompt: unknown, record: Record<string, unknown>): Row {
  const [chosen, rejected] = [readMessages(record.chosen, 'chosen'), readMessages(record.rejected, 'rejected')];
  const explicit = Array.isArray(prompt);
  const turns = explicit ? 0 : sharedTurns(chosen, rejected);
  const messages = explicit ? readMessages(prompt, 'prompt') : chosen.slice(0, turns);
  if (!explicit && turns === 0) {
    if (typeof prompt !== 'string') throw noSharedPrompt();
    messages.push({ role: 'user', content: prompt });
  }
  return {
    prompt: { messages },
    chosen: readAnswer(chosen.slice(turns), 'chosen'),
    rejected: readAnswer(rejected.slice(turns), 'rejected'),
  };
}

export const trl = {
  parse(record: Record<string, unknown>): Row {
    const { chosen, rejected } = record;
    const prompt = record.prompt ?? undefined;
    for (const field of ['chosen', 'rejected']) {
      if (record[field] == null) throw new Unusable('missingField', field, `${field} is missing`);
    }
    for (const field of ['tools', 'chat_template_kwargs', 'images', 'image']) {
      if (!isAbsent(record[field])) throw new Unusable('unsupported', field, `rows with ${field} cannot be used yet`);
    }
    if (prompt !== undefined && typeof prompt !== 'string' && !Array.isArray(prompt)) {
      throw new Unusable('wrongType', 'prompt', 'prompt must be text or a list of messages');
    }
    if (typeof chosen === 'string' && typeof rejected === 'string') return parseTexts(prompt, chosen, rejected);
    if (Array.isArray(chosen) && Array.isArray(rejected)) return parseConversations(prompt, record);
    throw new Unusable('wrongType', 'chosen', 'chosen and rejected must both be text or both lists of messages');
  },

  print({ prompt, chosen, rejected }: Row): Record<string, unknown> {
    if ('text' in prompt) return { prompt: prompt.text, chosen, rejected };
    const answer = (content: string) => [{ role: 'assistant', content }];
    return { prompt: prompt.messages, chosen: answer(chosen), rejected: answer(rejected) };
  },
};
