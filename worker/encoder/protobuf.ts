/**
 * Reads protobuf messages as if they were hostile: every length is checked against what holds it, nothing is read that
 * was not asked for, and a field that nobody knows is refused. See https://protobuf.dev/programming-guides/encoding/.
 */
import { Problem } from '../adapter-files/problem.ts';

/** What a field holds; `many…` may come again and again, the others once. `manyInts` and `manyFloats` may be packed. */
export type Kind = 'int' | 'float' | 'bytes' | 'manyInts' | 'manyFloats' | 'manyBytes';
export type Fields = Readonly<Record<number, Kind>>;

/** Values by field number, in their order; packed ones as the bytes they are. */
export type Message = {
  ints: (field: number) => bigint[];
  bytes: (field: number) => Uint8Array[];
  has: (field: number) => boolean;
};

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
const WIRES: Record<Kind, readonly number[]> = {
  int: [WIRE.varint],
  float: [WIRE.fixed32],
  bytes: [WIRE.bytes],
  manyInts: [WIRE.varint, WIRE.bytes],
  manyFloats: [WIRE.fixed32, WIRE.bytes],
  manyBytes: [WIRE.bytes],
};

/** `what` names the message in a refusal. Throws Problem. */
export function readMessage(bytes: Uint8Array, fields: Fields, what: string): Message {
  const found = new Map<number, (bigint | Uint8Array)[]>();
  let at = 0;

  function varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at];
      if (byte === undefined) throw new Problem(`ends within its ${what}`);
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Problem(`has a number of more than ten bytes in its ${what}`);
  }

  function take(length: bigint): Uint8Array {
    if (length > BigInt(bytes.length - at)) throw new Problem(`ends within its ${what}`);
    at += Number(length);
    return bytes.subarray(at - Number(length), at);
  }

  while (at < bytes.length) {
    const key = varint();
    const [field, wire] = [Number(key >> 3n), Number(key & 7n)];
    const kind = fields[field];
    if (!kind) throw new Problem(`has field ${field} in its ${what}, which is not allowed`);
    if (!WIRES[kind].includes(wire)) throw new Problem(`has field ${field} of its ${what} in a wrong form`);
    const values = found.get(field) ?? [];
    // Readers differ on which of two counts.
    if (values.length > 0 && !kind.startsWith('many')) throw new Problem(`has field ${field} of its ${what} twice`);
    values.push(wire === WIRE.varint ? varint() : take(wire === WIRE.bytes ? varint() : 4n));
    found.set(field, values);
  }
  return {
    ints: (field) =>
      (found.get(field) ?? []).flatMap((value) => (value instanceof Uint8Array ? unpack(value, what) : [value])),
    bytes: (field) => (found.get(field) ?? []).filter((value) => value instanceof Uint8Array),
    has: (field) => found.has(field),
  };
}

/** Numbers one after the other: each ends with a byte below 128. */
function unpack(packed: Uint8Array, what: string): bigint[] {
  const values: bigint[] = [];
  let [value, shift] = [0n, 0n];
  for (const byte of packed) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (shift > 70n) throw new Problem(`has a number of more than ten bytes in its ${what}`);
    if (byte >= 0x80) continue;
    values.push(BigInt.asUintN(64, value));
    [value, shift] = [0n, 0n];
  }
  if (shift > 0n) throw new Problem(`ends within its ${what}`);
  return values;
}

export function readText(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Problem(`has a ${what} that is not UTF-8`);
  }
}
