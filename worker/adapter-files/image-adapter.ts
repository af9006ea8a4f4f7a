/** What makes tensors the user attention of an image model (PPD), and which files make an adapter of either kind of model. */
import type { AdapterFileName } from '../../shared/contracts/adapter.ts';
import { Problem } from './problem.ts';
import type { Tensor } from './safetensors.ts';

const TEXT: readonly AdapterFileName[] = ['adapter_config.json', 'adapter_model.safetensors'];
const PICTURES: readonly AdapterFileName[] = ['pytorch_lora_weights.safetensors', 'user_attention.safetensors'];

/** What an adapter of these files is for; or the file that it lacks. */
export function kindOfAdapter(names: readonly AdapterFileName[]): 'text' | 'pictures' | { lacks: AdapterFileName } {
  if (names.some((name) => PICTURES.includes(name)) && !names.some((name) => TEXT.includes(name))) return 'pictures';
  const lacks = TEXT.find((name) => !names.includes(name));
  return lacks ? { lacks } : 'text';
}

/** What captions leave open, of the numbers of a user: all of it or nothing. */
const OPENNESS = ['back', 'basis', 'center', 'into', 'slope'].map((part) => `openness.${part}`);
const NAME = /^([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)\.(key|value)$/;

/**
 * `PATH.key` and `PATH.value` of one shape [inner width, numbers of a user token], the last the same throughout; and what is known of
 * what captions leave open, whose shapes the runner checks.
 */
export function userAttentionFacts(tensors: readonly Tensor[]): { tensors: number; width: number } {
  const shapes = new Map<string, Map<string, number[]>>();
  const openness = tensors.filter(({ name }) => OPENNESS.includes(name));
  if (openness.length !== 0 && openness.length !== OPENNESS.length)
    throw new Problem(`has ${openness.length} of the ${OPENNESS.length} tensors openness.*`);
  for (const { name, dtype, shape } of tensors) {
    if (dtype !== 'F32' && dtype !== 'BF16')
      throw new Problem(`has tensor ${name} as ${dtype}: weights are F32 or BF16`);
    if (OPENNESS.includes(name)) continue;
    const [, path, side] = NAME.exec(name) ?? [];
    if (path === undefined || side === undefined) throw new Problem(`has tensor ${name}, which no user attention has`);
    if (shape.length !== 2) throw new Problem(`has tensor ${name} that is not a matrix`);
    shapes.set(path, (shapes.get(path) ?? new Map()).set(side, shape));
  }
  const widths = new Set<number>();
  for (const [path, sides] of shapes) {
    const [one, other] = [...sides.values()];
    if (!one || !other) throw new Problem(`has only one of key and value for ${path}`);
    if (one.join() !== other.join()) throw new Problem(`has key and value of two shapes for ${path}`);
    widths.add(one[1] as number);
  }
  const [width, ...others] = widths;
  if (width === undefined || others.length > 0)
    throw new Problem(`mixes user tokens of ${[...widths].join(', ')} numbers`);
  return { tensors: tensors.length, width };
}
