/** An edge that knows nothing but its OpenAPI document: every call is answered by its schema, and written down. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sha256Text } from '../../../shared/math/sha256.ts';
import document from '../../../worker/openapi.json' with { type: 'json' };

type Schema = {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  minItems?: number;
  minimum?: number;
};

type Operation = { responses: Record<string, { content?: Record<string, { schema?: Schema }> }> };

const schemas = document.components.schemas as unknown as Record<string, Schema>;
const paths = document.paths as unknown as Record<string, Record<string, Operation>>;

/** "GET /v1/keys", of every operation there is. */
export const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
);

const file = { name: 'adapter_model.safetensors', sha256: 'b'.repeat(64), bytes: 1 };

const NAMED: Record<string, unknown> = {
  AdapterFile: file,
  // Of the manifest of that one file, so that there is something to download.
  Sha256: sha256Text(`${file.sha256}  ${file.name}\n`),
  RecordId: '0192f3a4-7c11-7d0e-9a55-0c2f6a1be001',
  Slug: 'support-tone',
  UserId: 'anna',
};

/** The least that a schema allows. */
function make(schema: Schema): unknown {
  const name = schema.$ref?.split('/').at(-1);
  if (name !== undefined) return NAMED[name] ?? make(schemas[name] ?? {});
  if ('const' in schema) return schema.const;
  if (schema.enum) return schema.enum[0];
  const kinds = schema.anyOf ?? schema.oneOf ?? [];
  // Where nothing may be, there is nothing: pages end, optional parts are missing.
  if (kinds.some(({ type }) => type === 'null') || (Array.isArray(schema.type) && schema.type.includes('null')))
    return null;
  const [first] = kinds;
  if (first) return make(first);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map(make));
  const { type } = schema;
  if (type === 'object' || schema.properties) {
    const required = new Set(schema.required);
    const entries = Object.entries(schema.properties ?? {}).filter(([key]) => required.has(key));
    return Object.fromEntries(entries.map(([key, inner]) => [key, make(inner)]));
  }
  if (type === 'array') return Array.from({ length: schema.minItems ?? 0 }, () => make(schema.items ?? {}));
  if (type === 'integer' || type === 'number') return schema.minimum ?? 0;
  return type === 'string' ? 'x' : type === 'boolean' ? false : null;
}

/** Fixed paths before those with a variable: /v1/images/generations is no picture. */
const patterns = Object.keys(paths)
  .map((path) => ({ path, pattern: new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`) }))
  .sort((a, b) => a.path.split('{').length - b.path.split('{').length);

export async function startRecordingEdge() {
  const calls = new Set<string>();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://edge');
    const method = request.method?.toLowerCase() ?? '';
    const found = patterns.find(({ path, pattern }) => pattern.test(pathname) && paths[path]?.[method]);
    request.resume();
    request.on('end', () => {
      const operation = found && paths[found.path]?.[method];
      if (!found || !operation) return void response.writeHead(404).end();
      calls.add(`${method.toUpperCase()} ${found.path}`);
      const [status, { content = {} }] = Object.entries(operation.responses)[0] ?? ['200', {}];
      const stream = content['application/json'] ? undefined : content['text/event-stream']?.schema;
      if (stream) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        return void response.end(`event: state\ndata: ${JSON.stringify(make(stream))}\n\n`);
      }
      const schema = content['application/json']?.schema;
      response.writeHead(Number(status), { 'content-type': 'application/json' });
      response.end(schema && status !== '204' ? JSON.stringify(make(schema)) : undefined);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
