/** /openapi.json and /docs: the document, and Swagger UI over it; every file comes from the edge itself. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Hono } from 'hono';
import type { Env } from '../env.ts';
import { openApiDocument } from '../openapi.ts';

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Prefloop API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null });\n`;

/** Swagger UI writes style attributes; nothing is loaded from, or sent to, anywhere else. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const CACHED = { 'cache-control': 'public, max-age=3600' };

/** `app` has all its routes when the first request comes. */
export function docs(app: OpenAPIHono<Env>): Hono<Env> {
  const routes = new Hono<Env>();
  let document: string | undefined;

  routes.get('/openapi.json', (c) => {
    document ??= JSON.stringify(openApiDocument(app));
    return c.body(document, 200, { 'content-type': 'application/json', 'access-control-allow-origin': '*' });
  });
  routes.get('/docs', (c) => c.html(PAGE, 200, { 'content-security-policy': POLICY, ...CACHED }));
  routes.get('/docs/start.js', (c) => c.body(START, 200, { 'content-type': 'text/javascript', ...CACHED }));
  routes.get('/docs/swagger-ui-bundle.js', async (c) =>
    c.body(await c.env.SWAGGER_UI.script(), 200, { 'content-type': 'text/javascript; charset=utf-8', ...CACHED }),
  );
  routes.get('/docs/swagger-ui.css', async (c) =>
    c.body(await c.env.SWAGGER_UI.style(), 200, { 'content-type': 'text/css; charset=utf-8', ...CACHED }),
  );
  return routes;
}
