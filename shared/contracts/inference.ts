/** OpenAI-shaped chat completions: what callers may ask of the edge, and what the edge asks of a back end. */
import { z } from 'zod';
import { Slug } from './ids.ts';
import { MAX_MESSAGES, Message } from './prompt.ts';
import { NonEmptyText } from './text.ts';

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
    num_beams: z.number().int().min(1).max(16).optional().meta({
      description: 'Searches the likeliest answer with so many beams instead of drawing one (arXiv 2404.12358).',
    }),
    revise: z.number().int().min(0).max(8).optional().meta({
      description:
        'Betters the answer so many times by the model that gave it; its drafts come along (arXiv 2406.01660).',
    }),
    personal: z.boolean().default(true).meta({
      description: 'false: as everybody gets it, whoever’s token it is.',
    }),
    user: z.string().max(128).optional().meta({ description: 'Ignored: the user comes from the token.' }),
  })
  .superRefine(({ n, stream, stop, num_beams: beams = 1, revise = 0 }, context) => {
    const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
    for (const [field, wanted] of [
      ['num_beams', beams > 1],
      ['revise', revise > 0],
    ] as const) {
      if (wanted && (n > 1 || stream)) refuse(field, 'gives one answer, whole: without n and stream');
    }
    if (beams > 1 && stop !== undefined) refuse('num_beams', 'goes without stop: a cut text has another likelihood');
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
    drafts: z
      .array(z.string())
      .optional()
      .meta({ description: 'With revise: what it was before, the first draft first.' }),
    logprobs: z
      .looseObject({ content: z.array(TokenLogprob) })
      .nullable()
      .optional(),
    log_ratios: z
      .array(z.number().nullable())
      .optional()
      .meta({ description: 'With a basis: (log π_adapter − log π_base) of the answer per token, one an adapter.' }),
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

/** Which tokens of an answer the adapter has learned to like, and which not (arXiv 2404.12358). */
export const CreditRequest = z
  .strictObject({
    model: Slug.meta({ description: 'The domain; its live adapter is asked.' }),
    messages: z.array(Message).min(1).max(MAX_MESSAGES),
    completion: NonEmptyText,
    beta: z
      .number()
      .positive()
      .max(10_000)
      .optional()
      .meta({ description: 'Default: that of the domain’s recipe, or 1.' }),
  })
  .meta({ id: 'CreditRequest' });
export type CreditRequest = z.infer<typeof CreditRequest>;

export const CreditResult = z
  .strictObject({
    model: z.string().meta({ description: 'The adapter’s sha, or base.' }),
    tokens: z.array(
      z
        .strictObject({
          token: z.string(),
          id: z.number().int(),
          credit: z.number().meta({ description: 'β (log π − log π_ref) of this token, nats.' }),
          logprob: z.number(),
          reference_logprob: z.number(),
        })
        .meta({ id: 'TokenCredit' }),
    ),
    reward: z.number().meta({ description: 'Sum of the credits: the implicit reward of the answer.' }),
  })
  .meta({ id: 'CreditResult' });
export type CreditResult = z.infer<typeof CreditResult>;

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
