/** How a domain is trained: the method and its hyper-parameters, every one with a default. */
import { z } from 'zod';

/** Options that every LoRA recipe has. Learning rates and ranks are ours: chosen on the built-in world. */
const lora = {
  rank: z.number().int().min(1).max(512).default(16).meta({ description: 'LoRA rank r.' }),
  loraAlpha: z.number().positive().max(4096).default(32).meta({ description: 'LoRA scale is loraAlpha / rank.' }),
  targets: z
    .union([z.literal('all-linear'), z.array(z.string().min(1).max(100)).min(1).max(64)])
    .default('all-linear')
    .meta({ description: 'Modules that get an adapter: all linear layers of the trunk, or names.' }),
  learningRate: z.number().positive().max(1).default(1e-3),
  weightDecay: z.number().min(0).max(1).default(0),
  maxGradNorm: z.number().positive().max(1000).default(1),
  epochs: z.number().int().min(1).max(50).default(1).meta({ description: 'Passes over one leased batch.' }),
  microBatch: z.number().int().min(1).max(1024).default(8).meta({ description: 'Preferences per optimiser step.' }),
  maxLength: z.number().int().min(8).max(131072).default(1024).meta({
    description: 'Tokens of prompt and completion together; longer rows are reported, not cut.',
  }),
  seed: z.number().int().min(0).max(2147483647).default(0),
};

const beta = z
  .number()
  .positive()
  .max(100)
  .default(0.1)
  .meta({ description: 'Strength of the pull to the reference.' });

const preference = {
  beta,
  labelSmoothing: z.number().min(0).max(0.5).default(0),
  sftWeight: z.number().min(0).max(10).default(0).meta({
    description: 'Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely.',
  }),
};

const DpoRecipe = z
  .strictObject({
    method: z.literal('dpo'),
    loss: z.enum(['sigmoid', 'ipo', 'hinge']).default('sigmoid'),
    ...preference,
    ...lora,
  })
  .meta({ id: 'DpoRecipe' });

/** OFS-DPO (arXiv 2406.05534). alpha, slowRatio and chasingInterval are ours: the paper's values are not known. */
const OfsDpoRecipe = z
  .strictObject({
    method: z.literal('ofs-dpo'),
    ...preference,
    alpha: z.number().min(0).max(10).default(0.1).meta({ description: 'Weight of the fast-slow chasing term.' }),
    slowRatio: z.number().positive().max(1).default(0.2).meta({ description: 'Slow learning rate / fast one.' }),
    chasingInterval: z.number().int().min(1).max(10000).default(8).meta({
      description: 'Optimiser steps between two decisions on who is chased.',
    }),
    ...lora,
  })
  .meta({ id: 'OfsDpoRecipe' });

export const Recipe = z.discriminatedUnion('method', [DpoRecipe, OfsDpoRecipe]).meta({ id: 'Recipe' });
export type Recipe = z.infer<typeof Recipe>;
export type RecipeInput = z.input<typeof Recipe>;

/** What must hold before an adapter is served. A missing bound is not checked. */
export const GateBounds = z
  .strictObject({
    minAccuracy: z.number().min(0).max(1).optional().meta({
      description: 'Lower bound of the held-out preference accuracy (its value, not its interval).',
    }),
    maxDisplacement: z.number().positive().optional().meta({
      description: 'Largest fall of the mean chosen log-probability per token, nats (the 3D alarm).',
    }),
    maxKl: z
      .number()
      .positive()
      .optional()
      .meta({ description: 'KL to the base, nats per token, on sampled answers.' }),
    maxLengthRatio: z.number().gt(1).optional().meta({
      description: 'Longest allowed ratio of mean answer length to the base, in either direction.',
    }),
  })
  .meta({ id: 'GateBounds' });
export type GateBounds = z.infer<typeof GateBounds>;
