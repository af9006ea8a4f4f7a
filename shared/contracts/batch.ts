/** A batch of training examples, and the lease under which a runner holds it. */
import { z } from 'zod';
import { AdapterInput, AdapterRecord } from './adapter.ts';
import { MAX_FEATURES } from './features.ts';
import { RecordId, Sha256, Slug, Timestamp } from './ids.ts';
import { NotTrainableReason } from './preference.ts';
import { Prompt } from './prompt.ts';
import { GateBounds, Recipe } from './recipe.ts';
import { NonEmptyText, Text } from './text.ts';

/** chosen and rejected index the example's completions, or its pictures. */
export const Pair = z
  .strictObject({
    chosen: z.number().int().min(0).max(7),
    rejected: z.number().int().min(0).max(7),
    p: z.number().min(0).max(1).meta({ description: 'Probability that chosen is really preferred; a tie is 0.5.' }),
    weight: z.number().min(0).meta({ description: 'The pairs of one preference sum to that preference’s weight.' }),
  })
  .meta({ id: 'Pair' });
export type Pair = z.infer<typeof Pair>;

/**
 * One preference, made ready to train on: a prompt, its completions (or pictures), and the pairs among them. Without pairs it has what
 * only some recipes can use: one answer that was liked (sft, egida), or a step that was marked wrong (step-dpo).
 */
export const Example = z
  .strictObject({
    preference: RecordId,
    prompt: Prompt,
    completions: z.array(Text).max(8).meta({ description: 'Texts; none where there are pictures.' }),
    images: z.array(Sha256).max(8).optional().meta({ description: 'Pictures, in the place of texts.' }),
    pairs: z.array(Pair).max(28),
    ratings: z.array(z.number()).max(8).optional().meta({
      description: 'One per completion, more is better: the person’s ratings, or minus the places of a ranking.',
    }),
    weight: z.number().min(0).optional().meta({
      description: 'What a liked answer, or a wrong step, counts, which has no pair to say it. Default: 1.',
    }),
    prefix: Text.optional().meta({
      description: 'Right steps of an answer, which the completions go on from; they are steps, not ends.',
    }),
    userKey: z
      .string()
      .regex(/^[0-9a-f]{32}$/)
      .optional()
      .meta({ description: 'Whose vote it is, for recipes that train on tastes: a pseudonym of this domain alone.' }),
    support: z.array(RecordId).max(64).optional().meta({
      description: 'Other votes of this person, the newest first, whose features stand in the lease’s `support`.',
    }),
  })
  .refine((example) => example.completions.length > 0 !== (example.images ?? []).length > 0, {
    message: 'either completions or images',
  })
  .refine(
    (example) =>
      example.ratings === undefined || example.ratings.length === (example.images ?? example.completions).length,
    {
      message: 'ratings: one for each completion or picture',
    },
  )
  .meta({ id: 'Example' });
export type Example = z.infer<typeof Example>;

/** What a vote says of a taste: features of what was chosen, and of what was not. One among k is k − 1 of these. */
export const SupportVote = z
  .strictObject({
    preference: RecordId,
    chosen: z.array(z.number()).min(1).max(MAX_FEATURES),
    rejected: z.array(z.number()).min(1).max(MAX_FEATURES),
    weight: z.number().min(0),
  })
  .meta({ id: 'SupportVote' });
export type SupportVote = z.infer<typeof SupportVote>;

const taste = {
  encoder: Sha256.nullable()
    .default(null)
    .meta({ description: 'The domain’s user encoder, for recipes that need it.' }),
  support: z.array(SupportVote).default([]).meta({
    description:
      'Pairs of the votes that examples name, each vote once; the pairs of one vote share its id and its weight.',
  }),
};

/** ready → leased → completed; a lease that ends early makes it ready again; too many attempts: quarantined. */
export const BatchState = z.enum(['ready', 'leased', 'completed', 'quarantined']).meta({ id: 'BatchState' });
export type BatchState = z.infer<typeof BatchState>;

export const LeaseRequest = z
  .strictObject({
    domains: z.array(Slug).min(1).max(100).optional().meta({ description: 'Default: every domain of the base model.' }),
    baseModel: NonEmptyText.max(300),
    runner: NonEmptyText.max(100).meta({ description: 'Name of the runner process, for people.' }),
  })
  .meta({ id: 'LeaseRequest' });
export type LeaseRequest = z.infer<typeof LeaseRequest>;

export const Lease = z
  .strictObject({
    batch: RecordId,
    domain: Slug,
    fence: z.number().int().min(1).meta({ description: 'Grows with every lease; an older one is refused.' }),
    attempt: z.number().int().min(1),
    expiresAt: Timestamp,
    now: Timestamp.meta({
      description: 'The server’s clock, so that a runner with a wrong one can still renew in time.',
    }),
    baseModel: z.string(),
    recipe: Recipe,
    /** Bounds of the domain; the runner measures and reports every gate. */
    gates: GateBounds,
    parent: Sha256.nullable().meta({ description: 'The domain’s head: what this batch is trained on top of.' }),
    examples: z.array(Example),
    ...taste,
  })
  .meta({ id: 'Lease' });
export type Lease = z.infer<typeof Lease>;

export const Heartbeat = z.strictObject({ fence: z.number().int().min(1) }).meta({ id: 'Heartbeat' });
export type Heartbeat = z.infer<typeof Heartbeat>;

export const HeartbeatResult = z.strictObject({ expiresAt: Timestamp, now: Timestamp }).meta({ id: 'HeartbeatResult' });
export type HeartbeatResult = z.infer<typeof HeartbeatResult>;

export const Completion = z
  .strictObject({
    fence: z.number().int().min(1),
    adapter: AdapterInput,
    notTrainable: z
      .array(z.strictObject({ preference: RecordId, reason: NotTrainableReason }))
      .max(500)
      .default([])
      .meta({ description: 'Members the runner could not train on: they are reported, not consumed.' }),
  })
  .meta({ id: 'Completion' });
export type Completion = z.infer<typeof Completion>;

export const CompletionResult = z
  .strictObject({
    adapter: AdapterRecord,
    live: z.boolean().meta({ description: 'Whether the adapter is being served now.' }),
    reason: z.string().nullable().meta({ description: 'Why it is not live.' }),
    replayed: z.boolean(),
  })
  .meta({ id: 'CompletionResult' });
export type CompletionResult = z.infer<typeof CompletionResult>;

/** A runner that cannot train a batch gives it back with the reason; an empty result is nobody’s loss. */
export const Failure = z
  .strictObject({
    fence: z.number().int().min(1),
    reason: NonEmptyText.max(2000),
    blameless: z
      .boolean()
      .default(false)
      .describe('The batch did nothing wrong, the runner was stopped: the attempt does not count'),
  })
  .meta({ id: 'Failure' });
export type Failure = z.infer<typeof Failure>;

/** When no member of a batch is trainable, the batch ends without an adapter. */
export const Dismissal = z
  .strictObject({
    fence: z.number().int().min(1),
    notTrainable: z
      .array(z.strictObject({ preference: RecordId, reason: NotTrainableReason }))
      .min(1)
      .max(500),
  })
  .meta({ id: 'Dismissal' });
export type Dismissal = z.infer<typeof Dismissal>;

/** What reliability made of a batch's weights, computed at its first lease and never again. */
export const BatchWeights = z
  .strictObject({
    window: z.number().int().meta({ description: 'At most so many votes were looked at.' }),
    votes: z.number().int().meta({ description: 'Those that were looked at, without what is held out.' }),
    computedAt: Timestamp,
    users: z.number().meta({
      description:
        'Users of the batch, each as much of one as is reliable: from twenty on nobody weighs more than 5 %.',
    }),
    largestShare: z.number().min(0).max(1).meta({ description: 'More of the batch than this no user weighs.' }),
    weights: z.record(RecordId, z.number().min(0).max(1)).meta({
      description: 'By member: what its own weight is multiplied with. 1 for votes of nobody known.',
    }),
  })
  .meta({ id: 'BatchWeights' });
export type BatchWeights = z.infer<typeof BatchWeights>;

export const Batch = z
  .strictObject({
    id: RecordId,
    domain: Slug,
    state: BatchState,
    fence: z.number().int().min(0),
    attempts: z.number().int().min(0),
    runner: z.string().nullable(),
    leaseExpiresAt: Timestamp.nullable(),
    adapter: Sha256.nullable(),
    error: z.string().nullable().meta({ description: 'The last reason a runner gave for failing it.' }),
    preferences: z.array(RecordId).meta({ description: 'Members in training order.' }),
    raterWeights: BatchWeights.nullable().meta({
      description:
        'null = formed under the setting off, or not leased with its weights yet: every vote counts as it says.',
    }),
    createdAt: Timestamp,
    completedAt: Timestamp.nullable(),
  })
  .meta({ id: 'Batch' });
export type Batch = z.infer<typeof Batch>;

export const BatchList = z.strictObject({ items: z.array(Batch) }).meta({ id: 'BatchList' });

/** Examples of the held-out part, for gates and evaluation; never leased. */
export const HeldOut = z.strictObject({ examples: z.array(Example), ...taste }).meta({ id: 'HeldOut' });
export type HeldOut = z.infer<typeof HeldOut>;
