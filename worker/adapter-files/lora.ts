/** What makes a set of tensors a LoRA, of PEFT (with its configuration) or of diffusers, and nothing more than one. */
import { z } from 'zod';
import { Problem } from './problem.ts';
import type { Tensor } from './safetensors.ts';

/** What is kept of a checked file of LoRA weights. Layer numbers in modules are written as `*`. */
export const LoraFacts = z.object({
  rank: z.number(),
  tensors: z.number(),
  parameters: z.number(),
  modules: z.array(z.string()),
});
export type LoraFacts = z.infer<typeof LoraFacts>;

/** What is kept of a checked adapter_config.json; targets null = a pattern that only PEFT can read. */
export const ConfigFacts = z.object({ rank: z.number(), alpha: z.number(), targets: z.array(z.string()).nullable() });
export type ConfigFacts = z.infer<typeof ConfigFacts>;

const NAMES = {
  peft: /^base_model\.model\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)\.lora_(?:(A|B)\.weight|embedding_(A|B))$/,
  diffusers: /^((?:unet|transformer)(?:\.[A-Za-z0-9_]+)+)\.lora_(A|B)\.weight$/,
};
const DTYPES: readonly string[] = ['F32', 'F16', 'BF16'];

/** A is [rank, in, …] and B is [out, rank, …], of one rank throughout, and every A has its B. */
export function loraFacts(tensors: readonly Tensor[], format: keyof typeof NAMES = 'peft'): LoraFacts {
  const sides = new Map<string, Set<string>>();
  const ranks = new Set<number>();
  for (const { name, dtype, shape } of tensors) {
    const [, module, linear, embedding] = NAMES[format].exec(name) ?? [];
    const side = linear ?? embedding;
    if (module === undefined || side === undefined) throw new Problem(`has tensor ${name}, which no LoRA has`);
    if (!DTYPES.includes(dtype)) throw new Problem(`has tensor ${name} as ${dtype}: weights are F32, F16 or BF16`);
    const rank = shape[side === 'A' ? 0 : 1];
    if (rank === undefined || shape.length < 2) throw new Problem(`has tensor ${name} that is not a matrix`);
    ranks.add(rank);
    sides.set(module, (sides.get(module) ?? new Set()).add(side));
  }
  for (const [module, present] of sides) {
    if (present.size < 2) throw new Problem(`has only one of lora_A and lora_B for ${module}`);
  }
  const [rank, ...others] = ranks;
  if (rank === undefined || others.length > 0) throw new Problem(`mixes the ranks ${[...ranks].join(', ')}`);
  const parameters = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  return {
    rank,
    tensors: tensors.length,
    parameters,
    modules: [...new Set([...sides.keys()].map(withoutNumbers))].sort(),
  };
}

/** Full weights, DoRA, per-module ranks and trained biases would be served wrongly or not at all. */
const AdapterConfig = z.looseObject({
  peft_type: z.literal('LORA'),
  r: z.number().int().min(1).max(512),
  lora_alpha: z.number().positive(),
  target_modules: z.union([z.string(), z.array(z.string()).min(1)]),
  bias: z.literal('none').default('none'),
  modules_to_save: z.union([z.null(), z.array(z.never())]).default(null),
  use_dora: z.literal(false).default(false),
  rank_pattern: z.union([z.null(), z.strictObject({})]).default(null),
  alpha_pattern: z.union([z.null(), z.strictObject({})]).default(null),
});

export function configFacts(config: unknown): ConfigFacts {
  const parsed = AdapterConfig.safeParse(config);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new Problem(`has ${issue?.path.join('.') || 'content'} that is not accepted: ${issue?.message}`);
  }
  const { r, lora_alpha: alpha, target_modules: targets } = parsed.data;
  return { rank: r, alpha, targets: typeof targets === 'string' ? null : targets };
}

/** How the two files of one adapter contradict each other; null = they speak of the same LoRA. */
export function mismatch(lora: LoraFacts, config: ConfigFacts): string | null {
  if (lora.rank !== config.rank) return `has rank ${lora.rank} where adapter_config.json says r = ${config.rank}`;
  const targets = config.targets?.map(withoutNumbers);
  const stray = targets && lora.modules.find((module) => !targets.some((target) => isAt(module, target)));
  return stray ? `adapts ${stray}, which target_modules of adapter_config.json does not name` : null;
}

function isAt(module: string, target: string): boolean {
  return module === target || module.endsWith(`.${target}`);
}

function withoutNumbers(module: string): string {
  return module.replace(/(^|\.)\d+(?=\.|$)/g, '$1*');
}
