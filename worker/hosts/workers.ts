/** The edge on Cloudflare Workers, and on workerd: bindings are wrangler.toml's, pages are modules of text. */
import type { ExecutionContext } from '@cloudflare/workers-types';
import style from 'swagger-ui-dist/swagger-ui.css';
import script from 'swagger-ui-dist/swagger-ui-bundle.js';
import type { NetworkBackEnd } from '../encoder/network.ts';
import type { Bindings } from '../env.ts';
import app from '../index.ts';

let opened: Promise<NetworkBackEnd> | undefined;

/** Votes never wait for 14 MB of WebAssembly: they come in with the first embedding. */
async function openEncoder(context: ExecutionContext): Promise<NetworkBackEnd> {
  opened ??= import('./onnx-workers.ts').then(({ openOnnx }) => openOnnx());
  context.waitUntil(opened.catch(() => {}));
  const { name, run } = await opened;
  return {
    name,
    run(network, inputs) {
      const outputs = run(network, inputs);
      // Others wait for their turn: it must end, even if this request's client has gone away.
      context.waitUntil(outputs.catch(() => {}));
      return outputs;
    },
  };
}

const SWAGGER_UI = { script: () => script, style: () => style };

export default {
  fetch: (request: Request, env: Omit<Bindings, 'SWAGGER_UI' | 'ENCODER'>, context: ExecutionContext) =>
    app.fetch(request, { ...env, SWAGGER_UI, ENCODER: () => openEncoder(context) }, context),
};
