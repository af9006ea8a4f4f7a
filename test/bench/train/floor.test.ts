import { describe, expect, it } from 'vitest';
import { floorFlops, readShape } from '../../../bench/train/floor.ts';

const config = {
  num_hidden_layers: 3,
  hidden_size: 16,
  intermediate_size: 40,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 100,
};
const rank = 2;

/** The same work, product by product and token by token. */
function countProducts([p, a, b]: [number, number, number]): number {
  const linears = [
    [16, 16],
    [16, 8],
    [16, 8],
    [16, 16],
    [16, 40],
    [16, 40],
    [40, 16],
  ] as [number, number][];
  const tokens = p + a + b;
  let flops = 0;
  for (let layer = 0; layer < 3; layer++) {
    for (const [into, out] of linears) {
      flops += 2 * tokens * into * out; // forward
      flops += 2 * tokens * into * out; // gradient to the input
      flops += 3 * 2 * tokens * rank * (into + out); // LoRA: forward, gradient to the input, gradient of A and B
    }
    for (let token = 0; token < tokens; token++) {
      const place = token < p ? token : token < p + a ? token : token - a;
      const seen = place + 0.5; // the diagonal counts half
      flops += 3 * 2 * (2 * seen * 16); // scores and values: forward, and twice as much backward
    }
  }
  return flops + 2 * 2 * (a + b) * 16 * 100;
}

describe('the FLOP floor of a LoRA-DPO pair', () => {
  it.each([[[5, 3, 7]], [[1, 1, 1]], [[40, 0, 9]]] as [[number, number, number]][])(
    'is what counting product by product gives for lengths %j',
    (lengths) => {
      expect(floorFlops(readShape(config), rank, lengths)).toBeCloseTo(countProducts(lengths), 6);
    },
  );

  it('takes the head size of a model that states one', () => {
    expect(readShape({ ...config, head_dim: 8 })).toMatchObject({ queries: 32, keys: 16 });
  });
});
