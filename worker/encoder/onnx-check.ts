/**
 * What an encoder.onnx may hold: one graph of plain operators, its weights in the file and finite, the inputs and outputs of
 * a set encoder. Field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
 */
import { Problem } from '../adapter-files/problem.ts';
import { type Fields, type Message, readMessage, readText } from './protobuf.ts';

export const MAX_ONNX_BYTES = 8_000_000;
const MAX_NODES = 5000;

export type OnnxFacts = { nodes: number; operators: string[] };

/** No control flow, no random numbers, nothing that reads files or keeps a state. */
const OPERATORS = new Set(
  `Abs Add And Cast Ceil Clip Concat Constant ConstantOfShape Cos Div Elu Equal Erf Exp Expand Flatten Floor Gather Gelu Gemm
  Greater GreaterOrEqual Identity LayerNormalization LeakyRelu Less LessOrEqual Log MatMul Max Mean Min Mul Neg Not Or Pow Range
  Reciprocal ReduceMax ReduceMean ReduceMin ReduceSum ReduceSumSquare Relu Reshape Shape Sigmoid Sign Sin Slice Softmax
  Softplus Split Sqrt Squeeze Sub Sum Tanh Tile Transpose Unsqueeze Where`.split(/\s+/),
);
const INPUTS = ['chosen', 'rejected', 'weight'];
const OUTPUTS = ['embedding', 'uncertainty'];

const MODEL = { ir: 1, graph: 7, opset: 8 } as const;
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 } as const;
const NODE = { operator: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { tensor: 5, tensors: 10 } as const;
const TENSOR = { dims: 1, type: 2, floats: 4, name: 8, raw: 9 } as const;

const ints = (...fields: number[]): Fields => Object.fromEntries(fields.map((field) => [field, 'int']));
const bytes = (...fields: number[]): Fields => Object.fromEntries(fields.map((field) => [field, 'bytes']));
const many = (...fields: number[]): Fields => Object.fromEntries(fields.map((field) => [field, 'manyBytes']));

// Left out, so refused: a model's functions and training, subgraphs of attributes, sparse tensors, data in other files.
const MODEL_FIELDS: Fields = { ...ints(1, 5), ...bytes(2, 3, 4, 6, 7), ...many(8, 14) };
const OPSET_FIELDS: Fields = { ...bytes(1), ...ints(2) };
const GRAPH_FIELDS: Fields = { ...many(1, 5, 11, 12, 13, 16), ...bytes(2, 10) };
const NODE_FIELDS: Fields = { ...many(1, 2, 5, 9), ...bytes(3, 4, 6, 7) };
const ATTRIBUTE_FIELDS: Fields = {
  ...bytes(1, 4, 5, 13),
  2: 'float',
  ...ints(3, 20),
  ...many(9, 10),
  7: 'manyFloats',
  8: 'manyInts',
};
const TENSOR_FIELDS: Fields = {
  1: 'manyInts',
  ...ints(2),
  4: 'manyFloats',
  5: 'manyInts',
  7: 'manyInts',
  ...bytes(8, 9, 12),
};
const VALUE_FIELDS: Fields = { ...bytes(1, 2, 3), ...many(4) };

/** Bytes of one element, by the number of its type: float, int32, int64, bool. */
const WIDTHS: Record<number, number> = { 1: 4, 6: 4, 7: 8, 9: 1 };
const FLOAT = 1;

/** Throws Problem. */
export function checkOnnx(file: Uint8Array): OnnxFacts {
  if (file.length > MAX_ONNX_BYTES) throw new Problem(`is larger than ${MAX_ONNX_BYTES / 1e6} MB`);
  const model = readMessage(file, MODEL_FIELDS, 'model');
  const [graph] = model.bytes(MODEL.graph);
  if (!graph || !model.has(MODEL.ir)) throw new Problem('holds no ONNX graph');
  for (const opset of model.bytes(MODEL.opset)) checkDomain(readMessage(opset, OPSET_FIELDS, 'operator set'), 1);
  return checkGraph(readMessage(graph, GRAPH_FIELDS, 'graph'));
}

function checkGraph(graph: Message): OnnxFacts {
  const nodes = graph.bytes(GRAPH.node);
  if (nodes.length > MAX_NODES) throw new Problem(`has ${nodes.length} nodes, more than ${MAX_NODES}`);
  const constants = new Set(graph.bytes(GRAPH.initializer).map(checkTensor));
  const names = (field: number) =>
    graph.bytes(field).map((value) => textOf(readMessage(value, VALUE_FIELDS, 'inputs and outputs'), 1, 'name'));
  // Older files list their constants among the inputs.
  checkNames(
    'inputs',
    names(GRAPH.input).filter((name) => !constants.has(name)),
    INPUTS,
  );
  checkNames('outputs', names(GRAPH.output), OUTPUTS);
  return { nodes: nodes.length, operators: [...new Set(nodes.map(checkNode))].sort() };
}

function checkNames(what: string, found: readonly string[], wanted: readonly string[]): void {
  if ([...found].sort().join() === wanted.join()) return;
  throw new Problem(`has the ${what} ${found.join(', ').slice(0, 200) || '(none)'}, not ${wanted.join(', ')}`);
}

function checkNode(bytes: Uint8Array): string {
  const node = readMessage(bytes, NODE_FIELDS, 'nodes');
  const operator = textOf(node, NODE.operator, 'operator');
  checkDomain(node, NODE.domain);
  if (!OPERATORS.has(operator)) throw new Problem(`has the operator ${operator.slice(0, 100)}, which is not allowed`);
  for (const each of node.bytes(NODE.attribute)) {
    const attribute = readMessage(each, ATTRIBUTE_FIELDS, `attributes of ${operator}`);
    for (const field of [ATTRIBUTE.tensor, ATTRIBUTE.tensors]) attribute.bytes(field).forEach(checkTensor);
  }
  return operator;
}

function checkDomain(message: Message, field: number): void {
  const domain = textOf(message, field, 'domain');
  if (domain !== '' && domain !== 'ai.onnx') {
    throw new Problem(`has operators of ${domain.slice(0, 100)}, which is not ONNX’s own set`);
  }
}

/** Its name. */
function checkTensor(bytes: Uint8Array): string {
  const tensor = readMessage(bytes, TENSOR_FIELDS, 'tensors');
  const name = textOf(tensor, TENSOR.name, 'name');
  const type = Number(tensor.ints(TENSOR.type)[0] ?? 0n);
  const width = WIDTHS[type];
  if (!width)
    throw new Problem(
      `has tensor ${name.slice(0, 100)} of type ${type}: only float, int32, int64 and bool are allowed`,
    );
  const [raw] = tensor.bytes(TENSOR.raw);
  const wanted = tensor.ints(TENSOR.dims).reduce((product, size) => product * size, BigInt(width));
  if (raw && BigInt(raw.length) !== wanted) {
    throw new Problem(`has tensor ${name.slice(0, 100)} of ${wanted} bytes in ${raw.length}`);
  }
  const data = [...(raw ? [raw] : []), ...tensor.bytes(TENSOR.floats)];
  if (type === FLOAT && data.some(hasOverflown)) {
    throw new Problem(`has a value in tensor ${name.slice(0, 100)} that is not finite`);
  }
  return name;
}

/** Little-endian floats, of which one has every bit of its exponent set. */
function hasOverflown(data: Uint8Array): boolean {
  for (let at = 3; at < data.length; at += 4) {
    if (((data[at] as number) & 0x7f) === 0x7f && (data[at - 1] as number) >= 0x80) return true;
  }
  return false;
}

function textOf(message: Message, field: number, what: string): string {
  const [bytes] = message.bytes(field);
  return bytes ? readText(bytes, what) : '';
}
