/** Recipes that let the model write answers of its own before they train on them. */
import { z } from 'zod';
import { beta, judge, labelSmoothing, lora, sampling, sftWeight, stepChecker } from './recipe-fields.ts';

/** mrDPO (arXiv 2410.06682): β and ceWeight are the authors' code's; rounds and samples are ours. */
export const MrDpoRecipe = z
  .strictObject({
    method: z.literal('mrdpo'),
    beta: beta(0.1),
    labelSmoothing,
    ceWeight: z.number().min(0).max(10).default(0.1).meta({
      description: 'Weight of the cross-entropy of the prompt’s known answer, mean over its tokens.',
    }),
    rounds: z.number().int().min(1).max(20).default(3).meta({
      description: 'Of one batch; after each the LoRA is merged and a fresh one begun.',
    }),
    resample: z.boolean().default(true).meta({
      description: 'Pairs are drawn anew from the current policy each round; otherwise the votes are used.',
    }),
    mergedRank: z.number().int().min(1).max(512).default(64).meta({
      description: 'Rank of what is published: all rounds together, cut to their largest directions.',
    }),
    judge: judge('tiny'),
    ...sampling,
    ...lora,
  })
  .meta({ id: 'MrDpoRecipe' });

/** Rebirth tuning (arXiv 2410.06682): what was learned is taught to a fresh adapter on the base. Shares are ours. */
export const RebirthRecipe = z
  .strictObject({
    method: z.literal('rebirth'),
    replay: z.number().min(0).max(0.9).default(0.5).meta({
      description:
        'Share of the lessons that are the base’s own answers to `replayPrompts`: they keep its other skills.',
    }),
    replayPrompts: z.array(z.string().min(1).max(10_000)).max(500).default([]).meta({
      description: 'What the other skills are asked with.',
    }),
    ...sampling,
    ...lora,
  })
  .meta({ id: 'RebirthRecipe' });

/** Egida (arXiv 2502.13603): 2,000 pairs are the authors'; β is ours. */
export const EgidaRecipe = z
  .strictObject({
    method: z.literal('egida'),
    beta: beta(0.1),
    labelSmoothing,
    sftWeight,
    judge: judge('refusal'),
    maxPairs: z.number().int().min(1).max(100_000).default(2000),
    ...sampling,
    ...lora,
  })
  .meta({ id: 'EgidaRecipe' });

/** Step-DPO (arXiv 2406.18629): β = 0.5, temperature 0.8, top-p 0.95 and 20 corrections are the authors' scripts'. */
export const StepDpoRecipe = z
  .strictObject({
    method: z.literal('step-dpo'),
    beta: beta(0.5),
    labelSmoothing,
    sftWeight,
    checker: stepChecker('arithmetic'),
    corrections: z.number().int().min(1).max(64).default(20).meta({
      description: 'Continuations drawn from before a wrong step, to find right ones.',
    }),
    ...sampling,
    temperature: sampling.temperature.default(0.8),
    topP: sampling.topP.default(0.95),
    ...lora,
  })
  .meta({ id: 'StepDpoRecipe' });

/** PPO with a reward model, as in Unpacking DPO and PPO (arXiv 2406.09279); values are the authors' where they name them. */
export const PpoRecipe = z
  .strictObject({
    method: z.literal('ppo'),
    rewardLearningRate: z.number().positive().max(1).default(1e-3),
    rewardEpochs: z.number().int().min(1).max(50).default(1),
    rewardMargin: z.number().min(0).max(100).default(0),
    klCoef: z.number().min(0).max(10).default(0.05),
    clip: z.number().positive().max(10).default(0.2),
    valueClip: z.number().positive().max(10).default(0.2),
    valueWeight: z.number().min(0).max(10).default(0.1),
    gamma: z.number().gt(0).max(1).default(1),
    gaeLambda: z.number().min(0).max(1).default(0.95),
    innerEpochs: z.number().int().min(1).max(20).default(1),
    missingEndReward: z.number().min(-1000).max(1000).default(-10).meta({
      description: 'The reward of an answer that was cut before it ended.',
    }),
    rollouts: z.number().int().min(1).max(64).default(1).meta({ description: 'Answers drawn for a prompt.' }),
    temperature: sampling.temperature.default(0.7),
    topP: sampling.topP,
    maxTokens: sampling.maxTokens,
    ...lora,
  })
  .meta({ id: 'PpoRecipe' });
