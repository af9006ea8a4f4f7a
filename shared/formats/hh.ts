/**
 * Transcripts as in Anthropic's HH-RLHF: `chosen` and `rejected` hold the whole dialogue, each turn introduced by
 * "\n\nHuman: " or "\n\nAssistant: ". The prompt is the turns that both begin with.
 */
import type { Message } from '../contracts/prompt.ts';
import { readAnswer } from './messages.ts';
import { type Row, Unusable } from './row.ts';
import { sharedTurns } from './shared-prompt.ts';

const marker = /(?:^|\n\n)(Human|Assistant):/g;
const introduction = { user: '\n\nHuman: ', assistant: '\n\nAssistant: ' } as const;

/** One space after the colon belongs to the marker; everything else is what was said. */
function parseTranscript(value: unknown, field: string): Message[] {
  if (value == null) throw new Unusable('missingField', field, `${field} is missing`);
  if (typeof value !== 'string') throw new Unusable('wrongType', field, `${field} must be a transcript`);
  const turns = [...value.matchAll(marker)];
  if (turns[0]?.index !== 0) {
    throw new Unusable('wrongType', field, `${field} must begin with "\\n\\nHuman:" or "\\n\\nAssistant:"`);
  }
  return turns.map((turn, index) => {
    const content = value.slice(turn.index + turn[0].length, turns[index + 1]?.index);
    return { role: turn[1] === 'Human' ? 'user' : 'assistant', content: content.replace(/^ /, '') };
  });
}

function printTurn({ role, content }: Message): string {
  if (role === 'system') throw new Unusable('unsupported', 'prompt', 'a transcript has no system message');
  const text = introduction[role] + content;
  if ([...text.matchAll(marker)].length > 1) {
    throw new Unusable(
      'unsupported',
      'prompt',
      'a text holds "\\n\\nHuman:" or "\\n\\nAssistant:" and would read as two turns',
    );
  }
  return text;
}

export const hh = {
  parse(record: Record<string, unknown>): Row {
    const chosen = parseTranscript(record.chosen, 'chosen');
    const rejected = parseTranscript(record.rejected, 'rejected');
    const turns = sharedTurns(chosen, rejected);
    if (turns === 0) {
      throw new Unusable('noSharedPrompt', 'chosen', 'chosen and rejected do not begin with the same turn');
    }
    return {
      prompt: { messages: chosen.slice(0, turns) },
      chosen: readAnswer(chosen.slice(turns), 'chosen'),
      rejected: readAnswer(rejected.slice(turns), 'rejected'),
    };
  },

  print({ prompt, chosen, rejected }: Row): Record<string, unknown> {
    if ('text' in prompt) {
      throw new Unusable('unsupported', 'prompt', 'the format holds conversations only, and this prompt is plain text');
    }
    const start = prompt.messages.map(printTurn).join('');
    const print = (content: string) => start + printTurn({ role: 'assistant', content });
    return { chosen: print(chosen), rejected: print(rejected) };
  },
};
