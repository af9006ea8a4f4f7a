/** A prompt: the conversation that candidates answer. */
import { z } from 'zod';
import { NonEmptyText } from './text.ts';

export const Message = z
  .strictObject({ role: z.enum(['system', 'user', 'assistant']), content: NonEmptyText })
  .meta({ id: 'Message' });
export type Message = z.infer<typeof Message>;

export const MAX_MESSAGES = 64;

export const Prompt = z
  .strictObject({
    messages: z
      .array(Message)
      .min(1)
      .max(MAX_MESSAGES)
      .refine((messages) => messages.at(-1)?.role !== 'assistant', 'the last message must not be the assistant’s')
      .optional(),
    text: NonEmptyText.optional().meta({ description: 'A plain prompt for a base without a chat template.' }),
    group: NonEmptyText.max(200).optional().meta({
      description: 'What is held out together, when several prompts belong to one question. Default: the prompt.',
    }),
    topic: NonEmptyText.max(100).optional().meta({
      description: 'Sub-stream of the domain: COFS-DPO keeps an adapter for each.',
    }),
    answer: NonEmptyText.optional().meta({
      description: 'A known right answer, for trainers and judges; people and models never see it.',
    }),
  })
  .refine((prompt) => (prompt.messages === undefined) !== (prompt.text === undefined), {
    message: 'a prompt has either messages or text',
  })
  .meta({ id: 'Prompt' });
export type Prompt = z.infer<typeof Prompt>;

/** The conversation as a model sees it: the domain's system message stands before one that has none of its own. */
export function withSystem(messages: Message[], system: string | null): Message[] {
  if (system === null || messages.some(({ role }) => role === 'system')) return messages;
  return [{ role: 'system', content: system }, ...messages];
}
