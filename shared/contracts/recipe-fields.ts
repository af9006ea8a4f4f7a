/** Fields that several recipes share. Learning rates and ranks are ours: chosen on the built-in world. */
import { z } from 'zod';

export const lora = {
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

/** β means another thing in every loss: a value that works for one is wrong by orders of magnitude for the next. */
export function beta(value: number, description = 'Strength of the pull to the reference.') {
  return z.number().positive().max(10_000).default(value).meta({ description });
}

export const labelSmoothing = z.number().min(0).max(0.5).default(0);

export const sftWeight = z.number().min(0).max(10).default(0).meta({
  description: 'Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely.',
});

/** Of a recipe that lets the model write answers before it trains on them. */
export const sampling = {
  samples: z.number().int().min(1).max(64).default(4).meta({ description: 'Answers drawn for a prompt.' }),
  temperature: z.number().positive().max(5).default(1),
  topP: z.number().gt(0).max(1).default(1),
  maxTokens: z.number().int().min(1).max(32768).default(256),
};

/** What decides about answers that the recipe drew. One that fails or takes too long fails the batch; it never invents. */
const http = {
  type: z.literal('http'),
  url: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .meta({
      description: 'Base of an OpenAI-compatible API. The runner takes its key from PREFLOOP_JUDGE_KEY.',
    }),
  model: z.string().min(1).max(200),
  timeoutSeconds: z.number().positive().max(600).default(60),
};

const judges = [
  z.strictObject({ type: z.literal('tiny') }).meta({ id: 'TinyJudge', description: 'Oracle of the built-in world.' }),
  z
    .strictObject({ type: z.literal('refusal') })
    .meta({ id: 'RefusalJudge', description: 'An answer that refuses, by its words, is safe; every other is not.' }),
  z.strictObject(http).meta({ id: 'HttpJudge' }),
] as const;

const checkers = [
  z.strictObject({ type: z.literal('tiny') }).meta({ id: 'TinyChecker', description: 'Oracle of the built-in world.' }),
  z.strictObject({ type: z.literal('arithmetic') }).meta({
    id: 'ArithmeticChecker',
    description: 'Every "a + b = c" in a step must hold, and the last number must be that of the prompt’s answer.',
  }),
  z.strictObject(http).meta({ id: 'HttpChecker' }),
] as const;

/** Of whole answers. */
export function judge(type: 'tiny' | 'refusal') {
  return z.discriminatedUnion('type', judges).default({ type });
}

/** Of single steps. */
export function stepChecker(type: 'tiny' | 'arithmetic') {
  return z.discriminatedUnion('type', checkers).default({ type });
}
