/** A domain: a stream of preferences with its own recipe and its own line of adapters. */
import { z } from 'zod';
import { Sha256, Slug, Timestamp } from './ids.ts';
import { RaterWeighting } from './rater.ts';
import { GateBounds, Recipe } from './recipe.ts';
import { NonEmptyText } from './text.ts';

const fields = {
  baseModel: NonEmptyText.max(300).meta({
    description: 'The base that adapters of this domain belong to: "tiny", a hub id or a folder name.',
  }),
  recipe: Recipe,
  gates: GateBounds.default({}),
  policy: z.literal('gates').default('gates').meta({ description: 'How a checkpoint goes live: when its gates pass.' }),
  batchSize: z.number().int().min(1).max(500).default(32).meta({ description: 'Preferences in a full batch.' }),
  maxWaitSeconds: z.number().min(0).max(86400).default(30).meta({
    description: 'A smaller batch is formed when its oldest vote has waited this long.',
  }),
  leaseSeconds: z.number().int().min(1).max(86400).default(120),
  maxAttempts: z.number().int().min(1).max(100).default(5).meta({
    description: 'Leases of one batch before it is quarantined.',
  }),
  holdOut: z.number().min(0).max(0.9).default(0.1).meta({ description: 'Share of split units never trained on.' }),
  splitBy: z.enum(['prompt', 'user']).default('prompt').meta({
    description: 'The unit that is held out whole. Fixed once a vote has come in.',
  }),
  temperature: z.number().min(0).max(5).default(1),
  topP: z.number().gt(0).max(1).default(1),
  maxTokens: z.number().int().min(1).max(32768).default(256),
  system: NonEmptyText.optional().meta({ description: 'System message put before a prompt that has none.' }),
  raterWeights: RaterWeighting.default('off').meta({
    description:
      'reliability: a vote counts less in training the less its voter is found to agree with others, and one voter never most of a batch; off: every vote counts as it says.',
  }),
};

export const DomainInput = z.strictObject({ id: Slug, ...fields }).meta({ id: 'DomainInput' });
export type DomainInput = z.infer<typeof DomainInput>;

export const DomainPatch = z
  .strictObject({
    recipe: Recipe.optional(),
    gates: GateBounds.optional(),
    batchSize: fields.batchSize.removeDefault().optional(),
    maxWaitSeconds: fields.maxWaitSeconds.removeDefault().optional(),
    leaseSeconds: fields.leaseSeconds.removeDefault().optional(),
    maxAttempts: fields.maxAttempts.removeDefault().optional(),
    temperature: fields.temperature.removeDefault().optional(),
    topP: fields.topP.removeDefault().optional(),
    maxTokens: fields.maxTokens.removeDefault().optional(),
    system: NonEmptyText.optional(),
    raterWeights: RaterWeighting.optional(),
  })
  .meta({ id: 'DomainPatch' });
export type DomainPatch = z.infer<typeof DomainPatch>;

export const Domain = DomainInput.extend({
  head: Sha256.nullable().meta({ description: 'The adapter where training continues; null = the base.' }),
  live: Sha256.nullable().meta({ description: 'The adapter that is served; null = the base.' }),
  encoder: Sha256.nullable().meta({
    description: 'The user encoder of new embeddings; null = tastes are not computed.',
  }),
  createdAt: Timestamp,
}).meta({ id: 'Domain' });
export type Domain = z.infer<typeof Domain>;

export const DomainList = z.strictObject({ items: z.array(Domain) }).meta({ id: 'DomainList' });
export type DomainList = z.infer<typeof DomainList>;
