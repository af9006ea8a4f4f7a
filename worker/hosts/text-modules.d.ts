/** What wrangler.toml declares as modules of text, and what wrangler compiles by itself. */
declare module 'swagger-ui-dist/swagger-ui-bundle.js' {
  const text: string;
  export default text;
}

declare module 'swagger-ui-dist/swagger-ui.css' {
  const text: string;
  export default text;
}

declare module 'onnxruntime-web/ort-wasm-simd-threaded.wasm' {
  const compiled: WebAssembly.Module;
  export default compiled;
}
