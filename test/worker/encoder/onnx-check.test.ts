import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../shared/math/random.ts';
import { Problem } from '../../../worker/adapter-files/problem.ts';
import { checkOnnx } from '../../../worker/encoder/onnx-check.ts';
import { makeNetwork } from './made-network.ts';
import { field, graph as graphBytes, join, node, onnxFile, tensor, varint } from './onnx-file.ts';

const { graph, bytes } = makeNetwork(1);
const withNode = (extra: Parameters<typeof node>[0]) => onnxFile({ ...graph, nodes: [...graph.nodes, extra] });
const plain = { op: 'Relu', inputs: ['one'], outputs: ['more'] };

/** A node of Relu with a hand-made attribute. */
const withAttribute = (...parts: Uint8Array[]) => withNode({ ...plain, attributes: { extra: join(...parts) } });

describe('a checked network', () => {
  it('is one graph of plain operators', () => {
    expect(checkOnnx(bytes)).toEqual({
      nodes: 16,
      operators: ['Add', 'Concat', 'Div', 'MatMul', 'Mul', 'ReduceSum', 'Relu', 'Reshape', 'Squeeze', 'Unsqueeze'],
    });
    expect(checkOnnx(onnxFile(graph, undefined, 'ai.onnx')).nodes).toBe(16);
  });

  it('may list its constants among its inputs, as older files do', () => {
    const inputs = { ...graph.inputs, reads: [8, 8] };
    expect(checkOnnx(onnxFile({ ...graph, inputs })).nodes).toBe(16);
  });

  const constant = (made: Parameters<typeof tensor>[1]) =>
    onnxFile({ ...graph, constants: { ...graph.constants, more: made } });
  const rename = (side: 'inputs' | 'outputs', from: string, to: string) =>
    onnxFile({
      ...graph,
      [side]: Object.fromEntries(Object.entries(graph[side]).map(([name, dims]) => [name === from ? to : name, dims])),
    });

  it.each<[what: string, file: Uint8Array, message: RegExp]>([
    ['nothing', new Uint8Array(), /no ONNX graph/],
    ['text', new TextEncoder().encode('hello, this is no network'), /field 13 in its model, which is not allowed/],
    ['too much', new Uint8Array(8_000_001), /larger than 8 MB/],
    ['control flow', withNode({ ...plain, op: 'If' }), /operator If,/],
    ['random numbers', withNode({ ...plain, op: 'RandomNormal' }), /operator RandomNormal,/],
    ['an operator without a name', withNode({ ...plain, op: '' }), /operator , which/],
    ['a custom domain', withNode({ ...plain, domain: 'com.microsoft' }), /operators of com\.microsoft/],
    ['a custom operator set', onnxFile(graph, field(8, join(field(1, 'evil'), field(2, 1)))), /operators of evil/],
    ['a subgraph', withAttribute(field(6, graphBytes(graph)), field(20, 5)), /field 6 in its attributes of Relu/],
    ['subgraphs', withAttribute(field(11, graphBytes(graph))), /field 11 in its attributes/],
    ['a reference to an attribute', withAttribute(field(21, 'axis')), /field 21 in its attributes/],
    ['a sparse attribute', withAttribute(field(22, new Uint8Array())), /field 22 in its attributes/],
    ['functions', onnxFile(graph, field(25, new Uint8Array())), /field 25 in its model/],
    ['training', onnxFile(graph, field(20, new Uint8Array())), /field 20 in its model/],
    ['two graphs', onnxFile(graph, field(7, graphBytes(graph))), /field 7 of its model twice/],
    ['sparse constants', onnxFile(join(graphBytes(graph), field(15, new Uint8Array()))), /field 15 in its graph/],
    ['weights in another file', constant({ dims: [1], floats: [1], external: true }), /field 13 in its tensors/],
    ['weights that are not finite', constant({ dims: [2], floats: [1, Number.NaN] }), /tensor more that is not finite/],
    ['weights beyond 32 bits', constant({ dims: [2], floats: [1, 1e39] }), /tensor more that is not finite/],
    ['fewer weights than it says', constant({ dims: [3], floats: [1, 2] }), /tensor more of 12 bytes in 8/],
    [
      'more weights than anything',
      constant({ dims: [2 ** 40, 2 ** 40], floats: [1] }),
      /tensor more of \d+ bytes in 4/,
    ],
    [
      'a constant of texts',
      withAttribute(field(5, join(field(2, 8), field(6, 'text')))),
      /field 6 in its tensors|of type 8/,
    ],
    [
      'a constant in a node that is not finite',
      withAttribute(field(5, tensor('x', { dims: [1], floats: [Number.POSITIVE_INFINITY] }))),
      /tensor x that is not finite/,
    ],
    ['another input', rename('inputs', 'weight', 'weights'), /inputs chosen, rejected, weights, not/],
    ['another output', rename('outputs', 'uncertainty', 'spread'), /outputs embedding, spread, not/],
    ['an input that has a default', constantNamed('weight'), /inputs chosen, rejected, not/],
    [
      'a name that is not UTF-8',
      onnxFile(join(graphBytes(graph), field(1, join(field(1, 'one'), field(4, Uint8Array.of(0xff)))))),
      /operator that is not UTF-8/,
    ],
    ['a group', join(bytes, varint((6 << 3) | 3)), /field 6 of its model in a wrong form/],
    ['a number without an end', join(bytes, varint(5 << 3), new Uint8Array(12).fill(0xff)), /more than ten bytes/],
    [
      'a length beyond its end',
      join(bytes, varint((2 << 3) | 2), varint(1n << 62n)),
      /field 2 of its model twice|ends within/,
    ],
  ])('never holds %s', (_, file, message) => {
    expect(() => checkOnnx(file)).toThrow(Problem);
    expect(() => checkOnnx(file)).toThrow(message);
  });

  function constantNamed(name: string) {
    return onnxFile({ ...graph, constants: { ...graph.constants, [name]: { dims: [1, 1], floats: [1] } } });
  }

  it('has no more nodes than a network needs', () => {
    const many = new Array(5001).fill(field(1, node(plain)));
    expect(() => checkOnnx(onnxFile(join(graphBytes(graph), ...many)))).toThrow(/5017 nodes/);
  });

  it('is not found in a file that was cut anywhere', () => {
    for (let end = 0; end < bytes.length - 1; end += 7) expect(() => checkOnnx(bytes.slice(0, end))).toThrow(Problem);
  });

  it('is taken or refused by a Problem, whatever the bytes are', () => {
    const random = seededRandom(3);
    const draw = (n: number) => Math.floor(random() * n);
    for (let round = 0; round < 3000; round++) {
      const spoilt = bytes.slice();
      for (let change = 0; change <= draw(4); change++) spoilt[draw(spoilt.length)] = draw(256);
      try {
        checkOnnx(spoilt);
      } catch (error) {
        expect(error).toBeInstanceOf(Problem);
      }
    }
  });
});
