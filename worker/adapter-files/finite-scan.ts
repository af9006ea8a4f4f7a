/** NaN and infinity, looked for in a stream of bytes: such weights poison every answer they touch. */
import { type Dtype, type Tensor, WIDTHS } from './safetensors.ts';

/** In its last two bytes (little-endian), a number that is not finite has every exponent bit set. */
const EXPONENT: Partial<Record<Dtype, readonly [last: number, beforeLast: number]>> = {
  F32: [0x7f, 0x80],
  BF16: [0x7f, 0x80],
  F16: [0x7c, 0x00],
};

/**
 * Takes the data of `tensors` (sorted, contiguous) chunk by chunk, cut anywhere; returns the name of the first tensor
 * with a value that is not finite, or null. Other dtypes than the three of weights are passed over.
 */
export function finiteScan(tensors: readonly Tensor[]): (chunk: Uint8Array) => string | null {
  let offset = 0;
  let current = 0;
  let carried = 0;
  return function scan(chunk) {
    const start = offset;
    offset += chunk.length;
    for (; current < tensors.length; current += 1) {
      const tensor = tensors[current] as Tensor;
      const width = WIDTHS[tensor.dtype];
      const mask = EXPONENT[tensor.dtype];
      const from = Math.max(tensor.begin, start);
      const to = Math.min(tensor.end, offset);
      // Index in the chunk of the first element's last byte that lies in it.
      const first = tensor.begin + Math.ceil((from - tensor.begin + 1) / width) * width - 1 - start;
      if (mask && hasOverflown(chunk, first, to - start, width, mask, carried)) return tensor.name;
      if (tensor.end > offset) break;
    }
    carried = chunk.at(-1) ?? carried;
    return null;
  };
}

function hasOverflown(
  bytes: Uint8Array,
  first: number,
  end: number,
  width: number,
  [last, beforeLast]: readonly [number, number],
  carried: number,
): boolean {
  for (let at = first; at < end; at += width) {
    if (((bytes[at] as number) & last) !== last) continue;
    const before = at > 0 ? (bytes[at - 1] as number) : carried;
    if ((before & beforeLast) === beforeLast) return true;
  }
  return false;
}
