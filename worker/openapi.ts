/** The OpenAPI 3.1 document: what the routes say of themselves, and the nouns that only travel inside others. */
import type { OpenAPIHono, z } from '@hono/zod-openapi';
import packageJson from '../package.json' with { type: 'json' };
import * as adapter from '../shared/contracts/adapter.ts';
import * as batch from '../shared/contracts/batch.ts';
import * as candidate from '../shared/contracts/candidate.ts';
import * as comparison from '../shared/contracts/comparison.ts';
import * as operatorConsole from '../shared/contracts/console.ts';
import * as domain from '../shared/contracts/domain.ts';
import * as encoder from '../shared/contracts/encoder.ts';
import * as error from '../shared/contracts/error.ts';
import * as features from '../shared/contracts/features.ts';
import * as ids from '../shared/contracts/ids.ts';
import * as inference from '../shared/contracts/inference.ts';
import * as key from '../shared/contracts/key.ts';
import * as preference from '../shared/contracts/preference.ts';
import * as project from '../shared/contracts/project.ts';
import * as prompt from '../shared/contracts/prompt.ts';
import * as recipe from '../shared/contracts/recipe.ts';
import * as stats from '../shared/contracts/stats.ts';
import * as text from '../shared/contracts/text.ts';
import type { Env } from './env.ts';

// ids and texts first: a component is described as it is met first, and elsewhere they are met as nullable.
const NOUNS = [
  ...[ids, text, error, recipe, prompt, features, candidate, comparison, preference],
  ...[adapter, encoder, batch, domain, inference, key, project, stats, operatorConsole],
];

/** `app` has its routes already; the document does not depend on who asks. */
export function openApiDocument(app: OpenAPIHono<Env>) {
  for (const noun of NOUNS) {
    for (const [name, schema] of Object.entries(noun)) {
      if (isNamed(schema, name)) app.openAPIRegistry.register(name, schema);
    }
  }
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'sk_… (servers), pk_… (pages of listed origins), or a user token (JWT).',
  });
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Prefloop',
      version: packageJson.version,
      description: 'People compare outputs, adapters learn from it, the adapters serve the next outputs.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    security: [{ bearer: [] }],
  });
  return withNullableReferences(document);
}

// The generator writes a nullable reference as allOf [reference, T or null], which null does not satisfy.
function withNullableReferences<T>(node: T): T {
  if (Array.isArray(node)) return node.map(withNullableReferences) as T;
  if (typeof node !== 'object' || node === null) return node;
  const { allOf, ...rest } = node as { allOf?: { $ref?: string; type?: string[] }[] };
  if (allOf?.length === 2 && allOf[0]?.$ref && allOf[1]?.type?.includes('null')) {
    return { ...rest, anyOf: [allOf[0], { type: 'null' }] } as T;
  }
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, withNullableReferences(value)])) as T;
}

function isNamed(value: unknown, name: string): value is z.ZodType {
  const schema = value as { meta?: () => { id?: string } | undefined } | null;
  return typeof schema === 'object' && typeof schema?.meta === 'function' && schema.meta()?.id === name;
}
