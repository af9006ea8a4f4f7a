/** onnxruntime-web on Deno: as it is, on one thread. */
import * as ort from 'onnxruntime-web/wasm';
import { onnxSessions } from '../encoder/onnx-sessions.ts';

export async function openOnnx() {
  ort.env.wasm.numThreads = 1;
  return onnxSessions(ort);
}
