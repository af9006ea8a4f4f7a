/** Writes ONNX files for tests: protobuf by hand, right ones and, on request, wrong ones. */

export type OnnxNode = {
  op: string;
  inputs: string[];
  outputs: string[];
  domain?: string;
  /** Integers, lists of integers, or whole attributes as bytes. */
  attributes?: Record<string, number | number[] | Uint8Array>;
};
export type OnnxTensor = {
  dims: number[];
  floats?: readonly number[];
  integers?: readonly number[];
  external?: boolean;
};
export type OnnxGraph = {
  nodes: OnnxNode[];
  constants: Record<string, OnnxTensor>;
  inputs: Record<string, (number | string)[]>;
  outputs: Record<string, (number | string)[]>;
};

const utf8 = new TextEncoder();
const FLOAT = 1;
const INT64 = 7;

export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

export function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A field of a message: an integer, a text, or a message (or bytes). */
export function field(number: number, value: number | bigint | string | Uint8Array): Uint8Array {
  if (typeof value === 'number' || typeof value === 'bigint') return join(varint(number << 3), varint(value));
  const bytes = typeof value === 'string' ? utf8.encode(value) : value;
  return join(varint((number << 3) | 2), varint(bytes.length), bytes);
}

export function tensor(name: string, { dims, floats, integers, external }: OnnxTensor): Uint8Array {
  const raw = floats
    ? new Uint8Array(Float32Array.from(floats).buffer)
    : new Uint8Array(BigInt64Array.from((integers ?? []).map(BigInt)).buffer);
  const data = external
    ? [field(13, join(field(1, 'location'), field(2, 'weights.bin'))), field(14, 1)]
    : [field(9, raw)];
  return join(...dims.map((dim) => field(1, dim)), field(2, floats ? FLOAT : INT64), field(8, name), ...data);
}

function attribute(name: string, value: number | number[] | Uint8Array): Uint8Array {
  if (value instanceof Uint8Array) return join(field(1, name), value);
  if (typeof value === 'number') return join(field(1, name), field(3, value), field(20, 2));
  return join(field(1, name), ...value.map((each) => field(8, each)), field(20, 7));
}

export function node({ op, inputs, outputs, domain, attributes = {} }: OnnxNode): Uint8Array {
  return join(
    ...inputs.map((name) => field(1, name)),
    ...outputs.map((name) => field(2, name)),
    field(4, op),
    ...Object.entries(attributes).map(([name, value]) => field(5, attribute(name, value))),
    ...(domain === undefined ? [] : [field(7, domain)]),
  );
}

function valueInfo(name: string, dims: (number | string)[]): Uint8Array {
  const shape = join(...dims.map((dim) => field(1, typeof dim === 'number' ? field(1, dim) : field(2, dim))));
  return join(field(1, name), field(2, field(1, join(field(1, FLOAT), field(2, shape)))));
}

export function graph({ nodes, constants, inputs, outputs }: OnnxGraph): Uint8Array {
  return join(
    ...nodes.map((each) => field(1, node(each))),
    field(2, 'encoder'),
    ...Object.entries(constants).map(([name, each]) => field(5, tensor(name, each))),
    ...Object.entries(inputs).map(([name, dims]) => field(11, valueInfo(name, dims))),
    ...Object.entries(outputs).map(([name, dims]) => field(12, valueInfo(name, dims))),
  );
}

/** `rest` goes on top of the model's own fields; `domain` is that of its operators. */
export function onnxFile(
  made: OnnxGraph | Uint8Array,
  rest: Uint8Array = new Uint8Array(),
  domain = '',
): Uint8Array<ArrayBuffer> {
  const body = made instanceof Uint8Array ? made : graph(made);
  const opset = field(8, join(...(domain ? [field(1, domain)] : []), field(2, 17)));
  return join(field(1, 8), field(2, 'prefloop-test'), field(7, body), opset, rest);
}
