/** What a model sees in a candidate, as numbers: what a person's taste is computed from. */
import { z } from 'zod';
import { Sha256 } from './ids.ts';

export const MAX_FEATURES = 4096;

/**
 * Numbers of one space: those of a feature encoder, or log-ratios per token under a basis of adapters. JSON has no NaN: null
 * stands for a number that is not finite, and is taken in so that the vote is not lost; no taste is computed from it.
 */
export const Features = z
  .strictObject({
    space: Sha256.meta({ description: 'Hash of what made the numbers; vectors of two spaces are never compared.' }),
    values: z.array(z.number().nullable()).min(1).max(MAX_FEATURES),
  })
  .meta({ id: 'Features' });
export type Features = z.infer<typeof Features>;

/** One vector a space. */
export const FeatureList = z
  .array(Features)
  .max(4)
  .refine((list) => new Set(list.map(({ space }) => space)).size === list.length, 'one vector for each space')
  .meta({ id: 'FeatureList' });
export type FeatureList = z.infer<typeof FeatureList>;
