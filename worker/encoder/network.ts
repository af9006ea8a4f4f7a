/** What the edge asks of whatever runs the network of a set encoder; each host brings one. */

/** Of one person: V votes of F features each, row by row, and what each vote counts. */
export type NetworkInputs = { votes: number; chosen: Float32Array; rejected: Float32Array; weight: Float32Array };

/** milliseconds: of the run alone. */
export type NetworkOutputs = { embedding: Float32Array; uncertainty: Float32Array; milliseconds: number };

/** Content-addressed: `read` is called when its session is not at hand, and gives null when the file is gone. */
export type Network = { sha256: string; featureSize: number; read: () => Promise<ArrayBuffer | null> };

export type NetworkBackEnd = {
  /** What runs it, with its version: "onnxruntime-web 1.30.0". */
  name: string;
  /** Throws what the back end throws: a broken file, shapes that do not fit. */
  run: (network: Network, inputs: NetworkInputs) => Promise<NetworkOutputs>;
};
