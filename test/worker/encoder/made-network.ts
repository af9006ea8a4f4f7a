/** Set encoders' networks made up for tests and benches, with weights from a seed, and their numbers worked out by hand. */
import { seededRandom } from '../../../shared/math/random.ts';
import { type OnnxGraph, onnxFile } from './onnx-file.ts';

export type Shape = { features: number; hidden: number; tokens: number; width: number };
export type MadeVote = { chosen: number[]; rejected: number[]; weight: number };
export type MadeNetwork = {
  shape: Shape;
  prior: number[];
  graph: OnnxGraph;
  bytes: Uint8Array<ArrayBuffer>;
  /** What it says of votes, in double precision. */
  embed: (votes: readonly MadeVote[]) => { embedding: number[]; uncertainty: number };
};

type Matrix = { rows: number; columns: number; values: number[] };

/** e = prior + W₃ · Σ w·relu(W₂·relu(W₁·[chosen, rejected])) / (1 + Σ w); uncertainty = 1 / (1 + Σ w). */
export function makeNetwork(seed: number, shape: Shape = { features: 4, hidden: 8, tokens: 2, width: 3 }): MadeNetwork {
  const random = seededRandom(seed);
  const matrix = (rows: number, columns: number): Matrix => {
    // Rounded to what the file holds.
    const values = Array.from({ length: rows * columns }, () => Math.fround((2 * random() - 1) / Math.sqrt(rows)));
    return { rows, columns, values };
  };
  const { features, hidden, tokens, width } = shape;
  const [reads, looks, says] = [matrix(2 * features, hidden), matrix(hidden, hidden), matrix(hidden, tokens * width)];
  const prior = matrix(1, tokens * width).values;
  const graph = graphOf(shape, [reads, looks, says], prior);

  function embed(votes: readonly MadeVote[]) {
    const sum = new Array<number>(hidden).fill(0);
    for (const { chosen, rejected, weight } of votes) {
      const seen = relu(times(relu(times([...chosen, ...rejected], reads)), looks));
      seen.forEach((value, at) => {
        sum[at] = (sum[at] as number) + weight * value;
      });
    }
    const count = 1 + votes.reduce((total, { weight }) => total + weight, 0);
    const moved = times(
      sum.map((value) => value / count),
      says,
    );
    return { embedding: moved.map((value, at) => value + (prior[at] as number)), uncertainty: 1 / count };
  }

  return { shape, prior, graph, bytes: onnxFile(graph), embed };
}

function graphOf({ features, tokens, width }: Shape, matrices: Matrix[], prior: number[]): OnnxGraph {
  const [reads, looks, says] = matrices.map(({ rows, columns, values }) => ({ dims: [rows, columns], floats: values }));
  return {
    nodes: [
      { op: 'Concat', inputs: ['chosen', 'rejected'], outputs: ['both'], attributes: { axis: 2 } },
      { op: 'MatMul', inputs: ['both', 'reads'], outputs: ['read'] },
      { op: 'Relu', inputs: ['read'], outputs: ['kept'] },
      { op: 'MatMul', inputs: ['kept', 'looks'], outputs: ['looked'] },
      { op: 'Relu', inputs: ['looked'], outputs: ['seen'] },
      { op: 'Unsqueeze', inputs: ['weight', 'two'], outputs: ['weights'] },
      { op: 'Mul', inputs: ['seen', 'weights'], outputs: ['weighed'] },
      { op: 'ReduceSum', inputs: ['weighed', 'one'], outputs: ['sum'], attributes: { keepdims: 0 } },
      { op: 'ReduceSum', inputs: ['weight', 'one'], outputs: ['total'], attributes: { keepdims: 1 } },
      { op: 'Add', inputs: ['total', 'unit'], outputs: ['count'] },
      { op: 'Div', inputs: ['sum', 'count'], outputs: ['mean'] },
      { op: 'MatMul', inputs: ['mean', 'says'], outputs: ['moved'] },
      { op: 'Add', inputs: ['moved', 'prior'], outputs: ['flat'] },
      { op: 'Reshape', inputs: ['flat', 'shape'], outputs: ['embedding'] },
      { op: 'Div', inputs: ['unit', 'count'], outputs: ['spread'] },
      { op: 'Squeeze', inputs: ['spread', 'one'], outputs: ['uncertainty'] },
    ],
    constants: {
      reads: reads as OnnxGraph['constants'][string],
      looks: looks as OnnxGraph['constants'][string],
      says: says as OnnxGraph['constants'][string],
      prior: { dims: [1, tokens * width], floats: prior },
      unit: { dims: [1, 1], floats: [1] },
      one: { dims: [1], integers: [1] },
      two: { dims: [1], integers: [2] },
      shape: { dims: [3], integers: [1, tokens, width] },
    },
    inputs: { chosen: [1, 'votes', features], rejected: [1, 'votes', features], weight: [1, 'votes'] },
    outputs: { embedding: [1, tokens, width], uncertainty: [1] },
  };
}

const relu = (values: readonly number[]) => values.map((value) => Math.max(0, value));

function times(vector: readonly number[], { rows, columns, values }: Matrix): number[] {
  return Array.from({ length: columns }, (_, column) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += (vector[row] as number) * (values[row * columns + column] as number);
    return sum;
  });
}
