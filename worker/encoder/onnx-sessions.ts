/** Networks run by onnxruntime-web, the last few kept ready. How its WebAssembly comes in is the host's business. */
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { Network, NetworkBackEnd, NetworkInputs, NetworkOutputs } from './network.ts';

type Runtime = {
  InferenceSession: {
    create: (bytes: Uint8Array, options: InferenceSession.SessionOptions) => Promise<InferenceSession>;
  };
  Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => Tensor;
  env: { versions: { web?: string; common: string } };
};

/** Each holds its weights, 8 MB at most, in a heap that never shrinks. */
const MOST = 4;

export function onnxSessions(ort: Runtime): NetworkBackEnd {
  const sessions = new Map<string, InferenceSession>();
  // The runtime takes one call at a time: it refuses a second while the first is starting it.
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  }

  async function openSession({ sha256 }: Network, bytes: ArrayBuffer | null): Promise<InferenceSession> {
    const known = sessions.get(sha256);
    if (!known && !bytes) throw new Error('its file is gone');
    const session =
      known ?? (await ort.InferenceSession.create(new Uint8Array(bytes as ArrayBuffer), { logSeverityLevel: 4 }));
    // The one used last comes last, and the first goes.
    sessions.delete(sha256);
    sessions.set(sha256, session);
    for (const [oldest, { release }] of sessions) {
      if (sessions.size <= MOST) break;
      await release.call(sessions.get(oldest));
      sessions.delete(oldest);
    }
    return session;
  }

  return {
    name: `onnxruntime-web ${ort.env.versions.web ?? ort.env.versions.common}`,
    async run(network, inputs) {
      // Read outside the turn: who waits for a turn waits for no bucket of somebody else's.
      const bytes = sessions.has(network.sha256) ? null : await network.read();
      return inTurn(async () => runSession(ort, await openSession(network, bytes), network.featureSize, inputs));
    },
  };
}

async function runSession(
  { Tensor }: Runtime,
  session: InferenceSession,
  featureSize: number,
  { votes, chosen, rejected, weight }: NetworkInputs,
): Promise<NetworkOutputs> {
  const started = performance.now();
  const outputs = await session.run({
    chosen: new Tensor('float32', chosen, [1, votes, featureSize]),
    rejected: new Tensor('float32', rejected, [1, votes, featureSize]),
    weight: new Tensor('float32', weight, [1, votes]),
  });
  const milliseconds = performance.now() - started;
  const read = (name: string) => {
    const output = outputs[name];
    if (!(output?.data instanceof Float32Array)) throw new Error(`its output ${name} is not of 32-bit floats`);
    return output.data;
  };
  return { embedding: read('embedding'), uncertainty: read('uncertainty'), milliseconds };
}
