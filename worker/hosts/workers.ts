/** The edge on Cloudflare Workers, and on workerd: bindings are wrangler.toml's, pages are modules of text. */
import type { ExecutionContext } from '@cloudflare/workers-types';
import style from 'swagger-ui-dist/swagger-ui.css';
import script from 'swagger-ui-dist/swagger-ui-bundle.js';
import type { Bindings } from '../env.ts';
import app from '../index.ts';

const SWAGGER_UI = { script: () => script, style: () => style };

export default {
  fetch: (request: Request, env: Omit<Bindings, 'SWAGGER_UI'>, context: ExecutionContext) =>
    app.fetch(request, { ...env, SWAGGER_UI }, context),
};
