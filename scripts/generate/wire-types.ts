/**
 * The wire as TypeScript types: every operation of the OpenAPI document with its path, query, body and answer, and every
 * schema that these reach. They stand alone, so whoever installs the client installs nothing else.
 *
 * A field with a default may be left out when it is sent and is always there when it is answered: a schema in which
 * that makes a difference, and that travels both ways, gets a second type, `Sent…`.
 */
export type Schema = {
  $ref?: string;
  type?: string | string[];
  description?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
};
type Media = { content?: Record<string, { schema: Schema }> };
type Operation = {
  summary: string;
  parameters?: { in: string; name: string; required?: boolean; schema: Schema; description?: string }[];
  requestBody?: Media;
  responses: Record<string, Media>;
};
export type Paths = Record<string, Record<string, Operation>>;
export type Way = 'sent' | 'answered';
/** By name; both ways have the same names. */
export type Schemas = Record<Way, Record<string, Schema>>;

const HEAD = `/**
 * What travels between the edge and whoever calls it.
 * Generated from worker/openapi.json and shared/contracts by scripts/generate.ts: never edited.
 */

/** Bytes, as they are sent. */
export type Bytes = Uint8Array<ArrayBuffer> | Blob;
`;
/** A reference, until it is known which of two forms it means. */
const REFERENCE = /«(sent|answered) (\w+)»/g;

const key = (name: string) => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name));
const comment = (text?: string) => (text ? `/** ${text.replaceAll('*/', '* /')} */\n` : '');
const join = (types: string[]) => [...new Set(types)].join(' | ') || 'never';

function printObject(schema: Schema, way: Way): string {
  const { properties = {}, required = [], additionalProperties: more } = schema;
  const open = typeof more === 'object' ? print(more, way) : null;
  const fields = Object.entries(properties).map(([name, each]) => {
    const end = required.includes(name) ? `: ${print(each, way)};` : `?: ${print(each, way)} | undefined;`;
    return `${comment(each.description)}${key(name)}${end}\n`;
  });
  if (fields.length === 0) return open === null ? 'Record<string, never>' : `Record<string, ${open}>`;
  return `{\n${fields.join('')}${open === null ? '' : `[name: string]: ${open};\n`}}`;
}

function print(schema: Schema, way: Way): string {
  if (schema.$ref) return `«${way} ${schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)}»`;
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum) return join(schema.enum.map((value) => JSON.stringify(value)));
  const union = schema.anyOf ?? schema.oneOf;
  if (union) return `(${join(union.map((each) => print(each, way)))})`;
  const types = [schema.type ?? []].flat().map((type) => {
    if (type === 'integer') return 'number';
    if (type === 'array') return `(${print(schema.items ?? {}, way)})[]`;
    return type === 'object' ? printObject(schema, way) : type;
  });
  return types.length === 0 ? 'unknown' : join(types);
}

function printMedia({ content = {} }: Media, way: Way): string | null {
  // Of events the data of each is meant.
  const json = content['application/json'] ?? content['text/event-stream'];
  if (json) return print(json.schema, way);
  if (Object.keys(content).length === 0) return null;
  return way === 'sent' ? 'Bytes' : 'ReadableStream<Uint8Array<ArrayBuffer>>';
}

function printOperation(name: string, operation: Operation): string {
  const parts: string[] = [];
  for (const place of ['path', 'query']) {
    const list = (operation.parameters ?? []).filter((each) => each.in === place);
    if (list.length === 0) continue;
    const properties = Object.fromEntries(list.map(({ name, schema }) => [name, schema]));
    const required = list.filter((each) => each.required).map((each) => each.name);
    const type = printObject({ properties, required }, 'sent');
    parts.push(required.length > 0 ? `${place}: ${type};\n` : `${place}?: ${type} | undefined;\n`);
  }
  const body = operation.requestBody && printMedia(operation.requestBody, 'sent');
  if (body) parts.push(`body: ${body};\n`);
  const answers = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'));
  parts.push(`answer: ${join(answers.map(([, media]) => printMedia(media, 'answered') ?? 'null'))};\n`);
  return `${comment(operation.summary)}'${name}': {\n${parts.join('')}};\n`;
}

/** Source of a module; not laid out. */
export function printWireTypes(paths: Paths, schemas: Schemas): string {
  const table = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, each]) => printOperation(`${method.toUpperCase()} ${path}`, each)),
  );
  const bodies = { sent: new Map<string, string>(), answered: new Map<string, string>() };
  const waiting = [...table, '«answered ErrorBody»']; // what any of them may fail with
  for (let text = waiting.pop(); text !== undefined; text = waiting.pop()) {
    for (const [, way, name] of text.matchAll(REFERENCE) as Iterable<[string, Way, string]>) {
      if (bodies[way].has(name)) continue;
      const body = print(schemas[way][name] ?? {}, way);
      bodies[way].set(name, body);
      waiting.push(body);
    }
  }

  const differing = new Map<string, boolean>();
  function differs(name: string): boolean {
    if (!differing.has(name)) {
      differing.set(name, false); // while it is being found out: schemas may reach themselves
      const [sent, answered] = (['sent', 'answered'] as const).map((way) => print(schemas[way][name] ?? {}, way));
      const names = [...(sent ?? '').matchAll(REFERENCE)].map(([, , name = '']) => name);
      const plain = (text = '') => text.replaceAll(REFERENCE, '$2');
      differing.set(name, plain(sent) !== plain(answered) || names.some(differs));
    }
    return differing.get(name) === true;
  }
  const nameOf = (way: string, name: string) =>
    way === 'sent' && bodies.answered.has(name) && differs(name) ? `Sent${name}` : name;

  const declared = new Map<string, string>();
  for (const way of ['answered', 'sent'] as const) {
    for (const [name, body] of bodies[way]) {
      const { description } = schemas[way][name] ?? {};
      const title = nameOf(way, name);
      if (!declared.has(title)) declared.set(title, `\n${comment(description)}export type ${title} = ${body};\n`);
    }
  }
  const types = [...declared].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  const list = (way: Way) => [...bodies[way].keys()].sort().map((name) => `${name}: ${nameOf(way, name)};\n`);
  const ways = `
/** Every schema, as it is answered. */
export interface Answered {\n${list('answered').join('')}}

/** Every schema, as it is sent: what has a default may be left out. */
export interface Sent {\n${list('sent').join('')}}
`;
  const operations = `\n/** Every operation of the edge, by method and path. */\nexport interface Operations {\n${table.join('')}}\n`;
  return [HEAD, ...types, ways, operations].join('').replaceAll(REFERENCE, (_, way, name) => nameOf(way, name));
}
