/** Writes safetensors files for tests, right ones and, on request, wrong ones. */

export type FileTensor = { dtype: string; shape: number[]; data: Uint8Array };

/** The bytes of a file with `tensors` in the order given; `edit` may spoil the header's text. */
export function safetensorsFile(
  tensors: Record<string, FileTensor>,
  { metadata = { format: 'pt' } as unknown, edit = (header: string) => header } = {},
): Uint8Array<ArrayBuffer> {
  let at = 0;
  const entries = Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
    const begin = at;
    at += data.length;
    return [name, { dtype, shape, data_offsets: [begin, at] }] as const;
  });
  const header = edit(
    JSON.stringify({ ...(metadata ? { __metadata__: metadata } : {}), ...Object.fromEntries(entries) }),
  );
  return withHeader(
    new TextEncoder().encode(header),
    Object.values(tensors).map(({ data }) => data),
  );
}

/** Length, header, data: whatever they are. */
export function withHeader(
  header: Uint8Array,
  data: readonly Uint8Array[],
  length = header.length,
): Uint8Array<ArrayBuffer> {
  const first = new Uint8Array(8);
  new DataView(first.buffer).setBigUint64(0, BigInt(length), true);
  return joined([first, header, ...data]);
}

export function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

export function floats(dtype: 'F32' | 'F16' | 'BF16', values: readonly number[]): Uint8Array<ArrayBuffer> {
  if (dtype === 'F32') return new Uint8Array(Float32Array.from(values).buffer);
  if (dtype === 'F16') return new Uint8Array(Float16Array.from(values).buffer);
  const words = new Uint32Array(Float32Array.from(values).buffer);
  return new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer);
}

/** A LoRA of the given rank over `modules`, with small numbers that depend on `seed`. */
export function loraTensors(
  modules: readonly string[],
  { rank = 4, width = 8, dtype = 'BF16' as 'F32' | 'F16' | 'BF16', seed = 1 } = {},
): Record<string, FileTensor> {
  const tensor = (shape: [number, number], salt: number): FileTensor => {
    const values = Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(i + salt + seed) / 10);
    return { dtype, shape, data: floats(dtype, values) };
  };
  return Object.fromEntries(
    modules.flatMap((module, i) => [
      [`base_model.model.${module}.lora_A.weight`, tensor([rank, width], 2 * i)],
      [`base_model.model.${module}.lora_B.weight`, tensor([width, rank], 2 * i + 1)],
    ]),
  );
}

export const MODULES = [
  'model.layers.0.self_attn.q_proj',
  'model.layers.0.mlp.down_proj',
  'model.layers.1.self_attn.q_proj',
];

export function adapterConfig(rest: Record<string, unknown> = {}): Uint8Array<ArrayBuffer> {
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: 'tiny',
    r: 4,
    lora_alpha: 8,
    target_modules: ['q_proj', 'down_proj'],
    lora_dropout: 0,
    bias: 'none',
    modules_to_save: null,
    use_dora: false,
    rank_pattern: {},
    alpha_pattern: {},
    inference_mode: true,
    ...rest,
  };
  return new TextEncoder().encode(JSON.stringify(config));
}
