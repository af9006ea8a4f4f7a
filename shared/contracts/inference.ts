/** OpenAI-shaped chat completions: what callers may ask of the edge, and what the edge asks of a back end. */
import { z } from 'zod';
import { Slug } from './ids.ts';
import { MAX_MESSAGES, Message } from './prompt.ts';

export const ChatRequest = z
  .strictObject({
    model: Slug.meta({ description: 'The domain. Which adapter answers is decided by the edge, never by the caller.' }),
    messages: z.array(Message).min(1).max(MAX_MESSAGES),
    n: z.number().int().min(1).max(8).default(1),
    seed: z.number().int().min(0).max(2147483647).optional(),
    temperature: z.number().min(0).max(5).optional(),
    top_p: z.number().gt(0).max(1).optional(),
    max_tokens: z.number().int().min(1).max(32768).optional(),
    max_completion_tokens: z.number().int().min(1).max(32768).optional(),
    stop: z.union([z.string().min(1).max(100), z.array(z.string().min(1).max(100)).max(4)]).optional(),
    stream: z.boolean().default(false),
    logprobs: z.boolean().default(false),
    user: z.string().max(128).optional().meta({ description: 'Ignored: the user comes from the token.' }),
  })
  .meta({ id: 'ChatRequest' });
export type ChatRequest = z.infer<typeof ChatRequest>;

export const TokenLogprob = z
  .looseObject({ token: z.string(), logprob: z.number(), bytes: z.array(z.number().int()).nullable() })
  .meta({ id: 'TokenLogprob' });

export const ChatChoice = z
  .looseObject({
    index: z.number().int(),
    message: z.looseObject({ role: z.literal('assistant'), content: z.string() }).meta({ id: 'AssistantMessage' }),
    finish_reason: z.enum(['stop', 'length']),
    logprobs: z
      .looseObject({ content: z.array(TokenLogprob) })
      .nullable()
      .optional(),
    token_ids: z
      .array(z.number().int())
      .optional()
      .meta({ description: 'With logprobs: ids, the end token included.' }),
  })
  .meta({ id: 'ChatChoice' });

export const ChatCompletion = z
  .looseObject({
    id: z.string(),
    object: z.literal('chat.completion'),
    created: z.number().int(),
    model: z.string(),
    choices: z.array(ChatChoice),
    usage: z.looseObject({
      prompt_tokens: z.number().int(),
      completion_tokens: z.number().int(),
      total_tokens: z.number().int(),
    }),
  })
  .meta({ id: 'ChatCompletion' });
export type ChatCompletion = z.infer<typeof ChatCompletion>;

/** Domains, as the models an OpenAI client can choose from. */
export const ModelList = z
  .strictObject({
    object: z.literal('list'),
    data: z.array(
      z
        .strictObject({ id: Slug, object: z.literal('model'), created: z.number().int(), owned_by: z.string() })
        .meta({ id: 'Model' }),
    ),
  })
  .meta({ id: 'ModelList' });
export type ModelList = z.infer<typeof ModelList>;
