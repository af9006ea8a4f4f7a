/** Recipes that train on pictures. What is not said to be published is ours: chosen on the built-in world. */
import { z } from 'zod';
import { beta, labelSmoothing, lora } from './recipe-fields.ts';

const { maxLength: _, ...fields } = lora;

const shared = {
  captionDropout: z.number().min(0).max(1).default(0.1).meta({
    description: 'Share of prompts that are trained as if nothing had been asked: guidance goes on working.',
  }),
  noiseSamples: z.number().int().min(1).max(64).default(1).meta({
    description: 'Times and noises that each picture is looked at with in one step.',
  }),
  ...fields,
};

/**
 * Diffusion-DPO (arXiv 2311.12908); β multiplies means, with the authors’ ½: 5000 is theirs for SD 1.5 and SDXL,
 * whose latents have 16,384 values. It weighs β / values: latents of 512 values have as much with 150.
 */
export const DiffusionDpoRecipe = z
  .strictObject({ method: z.literal('diffusion-dpo'), beta: beta(2000), labelSmoothing, ...shared })
  .meta({ id: 'DiffusionDpoRecipe' });

/** RankDPO (arXiv 2410.18013): whole rankings; the paper gives no β. */
export const RankDpoRecipe = z
  .strictObject({ method: z.literal('rank-dpo'), beta: beta(1000), ...shared })
  .meta({ id: 'RankDpoRecipe' });

const { epochs, microBatch, seed } = fields;

/**
 * PPD (arXiv 2501.06655): one model, told whose taste it is; it trains a user cross-attention and leaves the base alone. What
 * is learned is a posterior over all votes so far, which has no rate.
 */
export const PpdRecipe = z
  .strictObject({
    method: z.literal('ppd'),
    beta: beta(2000),
    labelSmoothing,
    support: z.number().int().min(1).max(64).default(16).meta({
      description: 'Most of a user’s other votes that stand for the user; which ones is drawn anew every time.',
    }),
    userDropout: z.number().min(0).max(1).default(0.1).meta({
      description: 'Share of examples that are trained as if nothing were known of the user.',
    }),
    priorPrecision: z.number().positive().max(1e6).default(25).meta({
      description:
        'How sure it is beforehand that nothing of a user matters: the precision, in nats, of the prior over each number of the projection. More votes are needed to move it when it is larger.',
    }),
    strength: z.number().positive().max(100).default(4.5).meta({
      description:
        'By which what a user says is multiplied when pictures are drawn: a posterior from few votes says too little.',
    }),
    maxLoudness: z.number().positive().max(100).default(2).meta({
      description:
        'How loud a user is at most when pictures are drawn, as the root mean square of the embedding’s numbers, strength included: whoever is louder drowns the caption.',
    }),
    captionDropout: shared.captionDropout,
    noiseSamples: shared.noiseSamples,
    ...{ epochs, microBatch, seed },
  })
  .meta({ id: 'PpdRecipe' });
