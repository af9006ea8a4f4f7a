/** One field of a form made from a schema, or a group of them. */
import { make, refill } from './node.ts';
import { type Document, isNumeric, label, resolve, type Schema, sayBounds, variantsOf } from './schema.ts';

export type Control = {
  node: HTMLElement;
  /** undefined = left empty. A text that is no number stays a text: the edge says what is wrong with it. */
  read(): unknown;
};

export function control(document: Document, described: Schema, path: string[], value: unknown): Control {
  const schema = resolve(document, described);
  const variants = variantsOf(document, schema);
  if (variants) return chosen(document, schema, variants, path, value);
  if (schema.properties) return group(document, schema, path, value);
  if (schema.enum) return single(schema, path, value);
  return schema.type === 'boolean' ? checkbox(schema, path, value) : typed(schema, path, value);
}

function field(path: string[], schema: Schema, input: HTMLElement): HTMLElement {
  const id = path.join('-');
  const byDefault =
    schema.default === undefined
      ? ''
      : `default ${typeof schema.default === 'object' ? JSON.stringify(schema.default) : schema.default}`;
  const range = [sayBounds(schema), byDefault].filter(Boolean).join(' · ');
  const help = [schema.description, range].filter(Boolean);
  input.setAttribute('aria-describedby', `${id}-help ${id}-problem`);
  return make(
    'div',
    { class: 'field' },
    make('label', { for: id }, label(path.at(-1) ?? '')),
    input,
    make(
      'p',
      { class: 'help', id: `${id}-help` },
      ...help.flatMap((words, at) => (at === 0 ? [words ?? ''] : [make('br'), words ?? ''])),
    ),
    make('p', { class: 'problem', id: `${id}-problem` }),
  );
}

function typed(schema: Schema, path: string[], value: unknown): Control {
  const isNumber = isNumeric(schema);
  const isPlain = isNumber || schema.type === 'string' || schema.anyOf === undefined;
  const isLong = !isNumber && (schema.maxLength ?? 0) > 500;
  const written =
    value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
  const attributes = { id: path.join('-'), autocomplete: 'off', spellcheck: 'false' };
  const input = isLong
    ? make('textarea', { ...attributes, rows: 3 })
    : make('input', { ...attributes, type: 'text', inputmode: isNumber ? 'decimal' : undefined });
  input.value = written;
  const read = () => {
    const text = input.value.trim();
    if (text === '') return undefined;
    if (isNumber) return Number.isFinite(Number(text)) ? Number(text) : text;
    // Lists, and what is either a word or a list: as JSON.
    if (!isPlain || schema.type === 'array') return /^[[{]/.test(text) ? parse(text) : text;
    return input.value;
  };
  return { node: field(path, schema, input), read };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function single(schema: Schema, path: string[], value: unknown): Control {
  const options = (schema.enum ?? []).map(String);
  const input = make(
    'select',
    { id: path.join('-') },
    ...options.map((option) =>
      make('option', { value: option, selected: option === String(value ?? schema.default) }, option),
    ),
  );
  return { node: field(path, schema, input), read: () => input.value };
}

function checkbox(schema: Schema, path: string[], value: unknown): Control {
  const input = make('input', { id: path.join('-'), type: 'checkbox', checked: (value ?? schema.default) === true });
  const node = field(path, schema, input);
  node.classList.add('ticked');
  return { node, read: () => input.checked };
}

/** An optional group has a box that says whether it is there at all. */
function group(document: Document, schema: Schema, path: string[], value: unknown): Control {
  const given = (value ?? {}) as Record<string, unknown>;
  const isGroup = ([, inner]: [string, Schema]) => Number(resolve(document, inner).properties !== undefined);
  const properties = Object.entries(schema.properties ?? {}).sort((one, other) => isGroup(one) - isGroup(other));
  const controls = properties.map(([key, inner]): [string, Control] => [
    key,
    control(document, inner, [...path, key], given[key] ?? resolve(document, inner).default),
  ]);
  const isOptional = path.length > 2;
  const there = make('input', { id: path.join('-'), type: 'checkbox', checked: value !== undefined });
  const fields = make('div', { class: 'fields' }, ...controls.map(([, { node }]) => node));
  fields.hidden = isOptional && !there.checked;
  there.addEventListener('change', () => {
    fields.hidden = !there.checked;
  });
  const name = label(path.at(-1) ?? '');
  const help = schema.description ? [make('p', { class: 'help' }, schema.description)] : [];
  const head = isOptional ? [make('label', { class: 'tick' }, there, name), ...help] : [];
  const node = make('div', { class: isOptional ? 'group' : 'group plain' }, ...head, fields);
  const readAll = () =>
    Object.fromEntries(controls.map(([key, { read }]) => [key, read()]).filter(([, each]) => each !== undefined));
  return { node, read: () => (isOptional && !there.checked ? undefined : readAll()) };
}

/** One of several shapes: what is common to the old one and the new one keeps its value. */
function chosen(
  document: Document,
  schema: Schema,
  { key, members }: NonNullable<ReturnType<typeof variantsOf>>,
  path: string[],
  value: unknown,
): Control {
  const given = (value ?? schema.default ?? {}) as Record<string, unknown>;
  const current = String(given[key] ?? members.keys().next().value);
  const input = make(
    'select',
    { id: [...path, key].join('-') },
    ...[...members.keys()].map((name) => make('option', { value: name, selected: name === current }, name)),
  );
  const fields = make('div', { class: 'fields' });
  let inner: [string, Control][] = [];
  const build = (kept: Record<string, unknown>) => {
    const { properties = {} } = members.get(input.value) ?? {};
    inner = Object.entries(properties)
      .filter(([name]) => name !== key)
      .map(([name, each]) => [
        name,
        control(document, each, [...path, name], kept[name] ?? resolve(document, each).default),
      ]);
    refill(fields, ...inner.map(([, { node }]) => node));
  };
  // A value means another thing in another method: only what the method has in common by name and default is kept.
  input.addEventListener('change', () => build({}));
  build(given);
  const described = { ...schema, description: schema.description ?? '' };
  return {
    node: make('div', { class: 'variants' }, field([...path, key], described, input), fields),
    read: () => ({
      [key]: input.value,
      ...Object.fromEntries(inner.map(([name, { read }]) => [name, read()]).filter(([, each]) => each !== undefined)),
    }),
  };
}
