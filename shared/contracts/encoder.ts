/** A user encoder: what turns a person's votes into the embedding that a model is conditioned on; content-addressed. */
import { z } from 'zod';
import { AdapterFile, Metrics } from './adapter.ts';
import { MAX_FEATURES } from './features.ts';
import { RecordId, Sha256, Slug, Timestamp, UserId } from './ids.ts';

/** Votes that an embedding is computed from: the newest. */
export const MAX_EMBEDDED_VOTES = 64;

/** Numbers of a whole embedding. */
export const MAX_EMBEDDING = 16_384;

const shared = {
  sha: Sha256,
  domain: Slug,
  space: Sha256.meta({ description: 'Of the candidates’ features that it reads.' }),
  featureSize: z.number().int().min(1).max(MAX_FEATURES),
  metrics: Metrics.default({}),
};

/**
 * A permutation-invariant network, as ONNX. Inputs: chosen and rejected (1, V, F) fp32, weight (1, V); V = 0 is never run.
 * Outputs: embedding (1, N, U), uncertainty (1,). sha: of the files' manifest, as an adapter's.
 */
export const SetEncoderInput = z
  .strictObject({
    kind: z.literal('set'),
    ...shared,
    tokens: z.number().int().min(1).max(256).meta({ description: 'N: tokens of an embedding.' }),
    width: z.number().int().min(1).max(4096).meta({ description: 'U: numbers of a token.' }),
    prior: z.array(z.number()).min(1).max(MAX_EMBEDDING).meta({ description: 'The embedding without votes, N·U.' }),
    priorUncertainty: z.number().min(0),
    rewards: z
      .array(z.strictObject({ name: Slug, values: z.array(z.number()).min(1).max(MAX_EMBEDDING) }))
      .max(32)
      .default([])
      .meta({ description: 'Reward functions that were among the users it was trained with, for blends.' }),
    files: z.array(AdapterFile).min(1).max(4),
  })
  .refine(({ tokens, width, prior }) => prior.length === tokens * width, { message: 'prior: tokens × width numbers' })
  .refine(({ tokens, width, rewards }) => rewards.every(({ values }) => values.length === tokens * width), {
    message: 'rewards: tokens × width numbers each',
  })
  .meta({ id: 'SetEncoderInput' });
export type SetEncoderInput = z.infer<typeof SetEncoderInput>;

/**
 * The personal mixture: weights over K basis adapters, from their log-ratios per token of what was compared. sha: of its
 * canonical JSON without the sha and the metrics.
 */
export const MixtureInput = z
  .strictObject({
    kind: z.literal('mixture'),
    ...shared,
    basis: z
      .array(z.strictObject({ name: Slug, adapter: Sha256 }))
      .min(1)
      .max(16)
      .meta({ description: 'Adapters in the order of the features.' }),
    prior: z.strictObject({
      mean: z.array(z.number()),
      precision: z.array(z.array(z.number())).meta({ description: 'Inverse covariance, K × K.' }),
    }),
    scale: z.number().positive().meta({
      description:
        'Calibration: what one log-ratio per token weighs in a vote (a preference weight is no mixture weight).',
    }),
    strength: z.number().min(0).meta({ description: 'Calibration: mixture weight of one unit of preference weight.' }),
    maxWeight: z.number().positive().meta({ description: 'Largest sum of absolute mixture weights that is served.' }),
  })
  .refine(({ basis, featureSize }) => basis.length === featureSize, {
    message: 'featureSize: one for each basis adapter',
  })
  .refine(
    ({ basis: { length }, prior: { mean, precision } }) =>
      mean.length === length && precision.length === length && precision.every((row) => row.length === length),
    { message: 'prior: K means and K × K precisions' },
  )
  .meta({ id: 'MixtureInput' });
export type MixtureInput = z.infer<typeof MixtureInput>;

export const EncoderInput = z.union([SetEncoderInput, MixtureInput]).meta({ id: 'EncoderInput' });
export type EncoderInput = z.infer<typeof EncoderInput>;

export const EncoderRecord = z
  .strictObject({ encoder: EncoderInput, createdAt: Timestamp, replayed: z.boolean() })
  .meta({ id: 'EncoderRecord' });
export type EncoderRecord = z.infer<typeof EncoderRecord>;

export const EncoderList = z
  .strictObject({ items: z.array(EncoderRecord) })
  .meta({ id: 'EncoderList', description: 'Newest first.' });
export type EncoderList = z.infer<typeof EncoderList>;

/** Which encoder new embeddings of a domain come from; null = none. */
export const EncoderChoice = z.strictObject({ encoder: Sha256.nullable() }).meta({ id: 'EncoderChoice' });
export type EncoderChoice = z.infer<typeof EncoderChoice>;

/** Why a vote says nothing of a taste. overflow: what the encoder makes of it alone is not finite. */
export const UnusableReason = z
  .enum(['noOrder', 'noFeatures', 'otherSpace', 'wrongLength', 'notFinite', 'overflow'])
  .meta({ id: 'UnusableReason' });
export type UnusableReason = z.infer<typeof UnusableReason>;

/** What is known of a person's taste in a domain. Shown to its owner and to an admin key, to nobody else. */
export const Embedding = z
  .strictObject({
    user: UserId,
    domain: Slug,
    encoder: Sha256,
    kind: z.enum(['set', 'mixture']),
    votes: z.number().int().min(0).meta({ description: 'That it was computed from: the newest, at most 64.' }),
    tokens: z.number().int(),
    width: z.number().int(),
    values: z.array(z.number()).meta({ description: 'tokens × width, row by row; of a mixture its K weights.' }),
    uncertainty: z.array(z.number()).meta({
      description: 'Standard deviations: of a mixture one a weight; of a set encoder one, relative to the prior’s.',
    }),
    unusable: z
      .array(z.strictObject({ preference: RecordId, reason: UnusableReason }).meta({ id: 'UnusableVote' }))
      .meta({ description: 'Votes among them that say nothing, and why.' }),
    updatedAt: Timestamp,
  })
  .meta({ id: 'Embedding' });
export type Embedding = z.infer<typeof Embedding>;
