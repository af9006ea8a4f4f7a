/** The fewest floating-point operations that one LoRA-DPO pair can be trained with, a multiply-add counted as two. */

export type ModelShape = {
  layers: number;
  hidden: number;
  inner: number;
  queries: number;
  keys: number;
  vocabulary: number;
};

/** Tokens of prompt, chosen and rejected. */
export type PairLengths = readonly [prompt: number, chosen: number, rejected: number];

/** Reads config.json of a Llama. queries, keys: features of all query or key heads together. */
export function readShape(config: Record<string, number>): ModelShape {
  const read = (name: string) => config[name] as number;
  const headSize = config.head_dim ?? read('hidden_size') / read('num_attention_heads');
  return {
    layers: read('num_hidden_layers'),
    hidden: read('hidden_size'),
    inner: read('intermediate_size'),
    queries: read('num_attention_heads') * headSize,
    keys: read('num_key_value_heads') * headSize,
    vocabulary: read('vocab_size'),
  };
}

/**
 * F* = 4·N·T + 3·A + 6·N_r·T + 4·H·V·C for a pair whose reference is known: forward and gradient to the inputs through
 * the frozen weights (never a gradient of a frozen weight), prompt once, head for the scored tokens alone.
 * T = prompt + chosen + rejected, C = chosen + rejected, A = the attention's forward over a prompt shared by both.
 */
export function floorFlops(shape: ModelShape, rank: number, [p, a, b]: PairLengths): number {
  const { layers, hidden, inner, queries, keys, vocabulary } = shape;
  const trunk = layers * (2 * hidden * queries + 2 * hidden * keys + 3 * hidden * inner);
  const lora = rank * layers * (2 * (hidden + queries) + 2 * (hidden + keys) + 3 * (hidden + inner));
  const attention = 4 * layers * queries * (p ** 2 / 2 + a * p + a ** 2 / 2 + b * p + b ** 2 / 2);
  const tokens = p + a + b;
  return 4 * trunk * tokens + 3 * attention + 6 * lora * tokens + 4 * hidden * vocabulary * (a + b);
}
