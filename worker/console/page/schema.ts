/** The part of JSON Schema that the edge's own document uses. */

export type Schema = {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  default?: unknown;
  description?: string;
};

export type Document = { components: { schemas: Record<string, Schema> } };

/** What a reference points to; what stands beside it is kept. */
export function resolve(document: Document, schema: Schema): Schema {
  const { $ref, ...rest } = schema;
  if ($ref === undefined) return schema;
  const named = document.components.schemas[$ref.split('/').at(-1) ?? ''];
  return named ? { ...resolve(document, named), ...rest } : rest;
}

/** Of a union that is told apart by one field of one value: that field, and the members by its value. */
export function variantsOf(document: Document, schema: Schema): { key: string; members: Map<string, Schema> } | null {
  const all = (schema.oneOf ?? schema.anyOf ?? []).map((member) => resolve(document, member));
  const key = Object.entries(all[0]?.properties ?? {}).find(([, { enum: values }]) => values?.length === 1)?.[0];
  if (!key || all.length < 2 || !all.every((member) => member.properties?.[key]?.enum?.length === 1)) return null;
  return { key, members: new Map(all.map((member) => [String(member.properties?.[key]?.enum?.[0]), member])) };
}

export const isNumeric = ({ type }: Schema) => type === 'number' || type === 'integer';

/** "0 to 1", "above 0", "1 to 500, whole". */
export function sayBounds({ type, minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema): string {
  const grouped = (value: number) => value.toLocaleString('en', { maximumFractionDigits: 6 });
  const low = minimum ?? exclusiveMinimum;
  const high = maximum ?? exclusiveMaximum;
  const from = low === undefined ? '' : exclusiveMinimum !== undefined ? `above ${grouped(low)}` : grouped(low);
  const to = high === undefined ? '' : exclusiveMaximum !== undefined ? `below ${grouped(high)}` : grouped(high);
  const range =
    from && to
      ? `${from} to ${to}`
      : from
        ? exclusiveMinimum === undefined
          ? `at least ${from}`
          : from
        : to && `at most ${to}`;
  return [range, type === 'integer' ? 'whole' : ''].filter(Boolean).join(', ');
}

const SPELLED: Record<string, string> = {
  maxKl: 'Max KL',
  sftWeight: 'SFT weight',
  loraAlpha: 'LoRA alpha',
  topP: 'Top-p',
  ceWeight: 'CE weight',
  klCoef: 'KL coefficient',
};

/** "maxAttempts" → "Max attempts". */
export const label = (name: string) => {
  const words = name.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  if (Object.hasOwn(SPELLED, name)) return SPELLED[name] ?? name;
  return words.charAt(0).toUpperCase() + words.slice(1);
};
