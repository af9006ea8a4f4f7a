/** onnxruntime-web on workerd, which runs no WebAssembly but what was compiled when the Worker was uploaded. */
import * as ort from 'onnxruntime-web/wasm';
import { onnxSessions } from '../encoder/onnx-sessions.ts';

/** Stands for the file that onnxruntime-web would fetch and compile; told apart by being this very buffer. */
const STUB = new Uint8Array(8).buffer;

export async function openOnnx() {
  const { default: compiled } = await import('onnxruntime-web/ort-wasm-simd-threaded.wasm');
  const instantiate = WebAssembly.instantiate as (source: unknown, imports?: WebAssembly.Imports) => Promise<unknown>;
  const isStub = (source: unknown) => source === STUB || (ArrayBuffer.isView(source) && source.buffer === STUB);
  Object.assign(WebAssembly, {
    instantiate: async (source: unknown, imports?: WebAssembly.Imports) =>
      isStub(source)
        ? { module: compiled, instance: await instantiate(compiled, imports) }
        : instantiate(source, imports),
  });
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = STUB;
  return onnxSessions(ort);
}
