import * as ort from 'onnxruntime-web/wasm';
import { describe, expect, it } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { onnxSessions } from '../../../worker/encoder/onnx-sessions.ts';
import { makeNetwork } from './made-network.ts';

ort.env.wasm.numThreads = 1;

/** The real runtime; what it opens and closes is noted. */
function watched() {
  const opened: ort.InferenceSession[] = [];
  const released: ort.InferenceSession[] = [];
  const create = async (...args: [Uint8Array, ort.InferenceSession.SessionOptions]) => {
    const session = await ort.InferenceSession.create(...args);
    const release = session.release.bind(session);
    session.release = async () => {
      released.push(session);
      await release();
    };
    opened.push(session);
    return session;
  };
  const runtime = { InferenceSession: { create }, Tensor: ort.Tensor, env: ort.env };
  return { backEnd: onnxSessions(runtime as Parameters<typeof onnxSessions>[0]), opened, released };
}

const votes = [
  { chosen: [1, 2, 3, 4], rejected: [4, 3, 2, 1], weight: 1 },
  { chosen: [0, 1, 0, 1], rejected: [1, 0, 1, 0], weight: 0.5 },
];
const inputs = {
  votes: 2,
  chosen: Float32Array.from(votes.flatMap(({ chosen }) => chosen)),
  rejected: Float32Array.from(votes.flatMap(({ rejected }) => rejected)),
  weight: Float32Array.from(votes, ({ weight }) => weight),
};
const network = (seed: number) => {
  const made = makeNetwork(seed);
  return { made, asked: { sha256: String(seed), featureSize: 4, read: async () => made.bytes.buffer } };
};

describe('a session', () => {
  it('is onnxruntime’s own, of the version that is pinned', async () => {
    const { backEnd, opened } = watched();
    await backEnd.run(network(1).asked, inputs);
    expect(opened).toHaveLength(1);
    expect(opened[0]).toBeInstanceOf(ort.InferenceSession);
    expect(opened[0]?.inputNames.toSorted()).toEqual(['chosen', 'rejected', 'weight']);
    expect(backEnd.name).toBe(`onnxruntime-web ${packageJson.dependencies['onnxruntime-web']}`);
  });

  it('is opened once for a file, however many ask at once', async () => {
    const { backEnd, opened } = watched();
    const { made, asked } = network(2);
    const outputs = await Promise.all(Array.from({ length: 8 }, () => backEnd.run(asked, inputs)));
    expect(opened).toHaveLength(1);
    const { embedding } = made.embed(votes);
    for (const output of outputs) {
      output.embedding.forEach((value, at) => {
        expect(value).toBeCloseTo(embedding[at] as number, 5);
      });
    }
  });

  it('is kept while it is in use: of five, the one used longest ago is closed', async () => {
    const { backEnd, opened, released } = watched();
    for (const seed of [1, 2, 3, 4, 1, 5, 1]) await backEnd.run(network(seed).asked, inputs);
    expect(opened).toHaveLength(5);
    expect(released).toEqual([opened[1]]);
  });

  it('cannot be had of a file that is gone or broken, and the next one can', async () => {
    const { backEnd } = watched();
    const gone = { ...network(1).asked, read: async () => null };
    await expect(backEnd.run(gone, inputs)).rejects.toThrow('its file is gone');
    const broken = { sha256: 'broken', featureSize: 4, read: async () => new Uint8Array([1, 2, 3]).buffer };
    await expect(backEnd.run(broken, inputs)).rejects.toThrow();
    expect((await backEnd.run(network(1).asked, inputs)).embedding).toHaveLength(6);
  });
});
