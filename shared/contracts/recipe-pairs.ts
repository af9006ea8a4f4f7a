/** Recipes that train on the votes as they are: pairs, lists, and what follows from them. */
import { z } from 'zod';
import { beta, labelSmoothing, lora, sftWeight } from './recipe-fields.ts';

/** How a better answer is asked for: the form that the built-in model knows. */
export const DEFAULT_REVISION = '{prompt}\n\nDraft:\n{draft}\n\nRewrite the draft so that it is better.';

const chasing = {
  beta: beta(0.1),
  labelSmoothing,
  sftWeight,
  alpha: z.number().min(0).max(10).default(0.1).meta({ description: 'Weight of the fast-slow chasing term.' }),
  slowRatio: z.number().positive().max(1).default(0.2).meta({ description: 'Slow learning rate / fast one.' }),
  chasingInterval: z.number().int().min(1).max(10000).default(8).meta({
    description: 'Optimiser steps between two decisions on who is chased.',
  }),
};

export const DpoRecipe = z
  .strictObject({
    method: z.literal('dpo'),
    loss: z.enum(['sigmoid', 'ipo', 'hinge', 'robust']).default('sigmoid').meta({
      description: 'robust: unbiased where labelSmoothing is the share of votes that are turned around (below ½).',
    }),
    beta: beta(0.1),
    labelSmoothing,
    sftWeight,
    ...lora,
  })
  .refine((recipe) => recipe.loss !== 'robust' || recipe.labelSmoothing < 0.5, {
    path: ['labelSmoothing'],
    message: 'must be below 0.5 for the robust loss: votes that say nothing teach nothing',
  })
  .meta({ id: 'DpoRecipe' });

/** OFS-DPO (arXiv 2406.05534). alpha, slowRatio and chasingInterval are ours: the paper's values are not known. */
export const OfsDpoRecipe = z
  .strictObject({ method: z.literal('ofs-dpo'), ...chasing, ...lora })
  .meta({ id: 'OfsDpoRecipe' });

/** COFS-DPO (arXiv 2406.05534). How the weights are found, and every value, is ours: the paper's is not known. */
export const CofsDpoRecipe = z
  .strictObject({
    method: z.literal('cofs-dpo'),
    ...chasing,
    memory: z.number().int().min(1).max(1000).default(32).meta({
      description: 'Votes of each topic that are kept to fit the weights of the combination on.',
    }),
    fitSteps: z.number().int().min(1).max(1000).default(40).meta({ description: 'Steps of that fit.' }),
    ...lora,
  })
  .meta({ id: 'CofsDpoRecipe' });

/** Curry-DPO (arXiv 2403.07230): β 0.1 and three stages are the authors'. */
export const CurryDpoRecipe = z
  .strictObject({
    method: z.literal('curry-dpo'),
    beta: beta(0.1),
    labelSmoothing,
    sftWeight,
    stages: z.number().int().min(1).max(7).default(3).meta({ description: 'From the easiest pairs to the hardest.' }),
    difficulty: z.enum(['rating', 'margin']).default('rating').meta({
      description: 'What makes a pair easy: a large gap of ratings, or a large margin of the model at the start.',
    }),
    renewReference: z.boolean().default(true).meta({ description: 'Each stage is pulled to where it started.' }),
    ...lora,
  })
  .meta({ id: 'CurryDpoRecipe' });

/** ASFT (arXiv 2409.10571): λ = 1 is best in arXiv 2502.01237; the authors' own is not known. */
export const AsftRecipe = z
  .strictObject({
    method: z.literal('asft'),
    lambda: z.number().min(0).max(100).default(1).meta({ description: 'Weight of the alignment term beside SFT.' }),
    beta: beta(1, 'Temper of the odds; 1 is the paper’s form.'),
    ...lora,
  })
  .meta({ id: 'AsftRecipe' });

/** ORPO (arXiv 2403.07691), a baseline of ASFT. */
export const OrpoRecipe = z
  .strictObject({
    method: z.literal('orpo'),
    lambda: z.number().min(0).max(100).default(0.1).meta({ description: 'Weight of the odds-ratio term beside SFT.' }),
    ...lora,
  })
  .meta({ id: 'OrpoRecipe' });

/** Supervised fine-tuning on what was preferred: the baseline of all. */
export const SftRecipe = z.strictObject({ method: z.literal('sft'), ...lora }).meta({ id: 'SftRecipe' });

/** LN-DPO (arXiv 2407.15229). β = 5 is Tülu 3's; the study's own grid is not known. */
export const LnDpoRecipe = z
  .strictObject({ method: z.literal('ln-dpo'), beta: beta(5), labelSmoothing, sftWeight, ...lora })
  .meta({ id: 'LnDpoRecipe' });

/** Flex-DPO (arXiv 2406.07327): β⁻ = 0.08 is best in the paper; β⁺ = 0.1 is presumed. */
export const FlexDpoRecipe = z
  .strictObject({
    method: z.literal('flex-dpo'),
    betaChosen: beta(0.1, 'β⁺: how strongly the chosen answer is raised.'),
    betaRejected: beta(0.08, 'β⁻: how strongly the rejected answer is pushed down.'),
    labelSmoothing,
    sftWeight,
    ...lora,
  })
  .meta({ id: 'FlexDpoRecipe' });

/** SimPO (arXiv 2405.14734): β = 2 and γ/β = 0.25 are the authors' trainer's defaults. */
export const SimPoRecipe = z
  .strictObject({
    method: z.literal('simpo'),
    beta: beta(2, 'Scale of the mean log-probability; there is no reference.'),
    gammaBetaRatio: z.number().min(0).max(100).default(0.25).meta({ description: 'Target margin γ, in units of β.' }),
    loss: z.enum(['sigmoid', 'hinge']).default('sigmoid'),
    labelSmoothing,
    sftWeight,
    ...lora,
  })
  .meta({ id: 'SimPoRecipe' });

/** SRPO (arXiv 2406.01660). β and alpha are ours: the paper's were not readable. */
export const SrpoRecipe = z
  .strictObject({
    method: z.literal('srpo'),
    beta: beta(0.05),
    alpha: z.number().min(0).max(1).default(0.5).meta({
      description: 'Share of the improvement term; the rest is the joint term.',
    }),
    labelSmoothing,
    revision: z
      .string()
      .max(4000)
      .refine((text) => text.includes('{prompt}') && text.includes('{draft}'), 'names {prompt} and {draft}')
      .default(DEFAULT_REVISION)
      .meta({ description: 'The user’s message that asks for a better answer than {draft} to {prompt}.' }),
    ...lora,
  })
  .meta({ id: 'SrpoRecipe' });
