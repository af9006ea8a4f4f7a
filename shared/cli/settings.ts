/** A JSON body from a file and from `--set PATH=VALUE`: recipe.learningRate=0.001, batchSize=24, system="Be kind." */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { UsageError } from './arguments.ts';

type Body = Record<string, unknown>;

export const settingOptions = {
  file: { type: 'text', value: 'FILE', help: 'JSON body to start from; - for standard input.' },
  set: {
    type: 'repeated',
    value: 'PATH=VALUE',
    help: 'Sets one field, such as recipe.learningRate=0.001; VALUE is JSON or plain text.',
  },
} as const;

function readValue(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function setField(body: Body, setting: string): void {
  const [path, ...rest] = setting.split('=');
  const names = path?.split('.') ?? [];
  if (rest.length === 0 || names.some((name) => !/^[A-Za-z][A-Za-z0-9]*$/.test(name))) {
    throw new UsageError(`--set takes PATH=VALUE, not "${setting}"`);
  }
  let target = body;
  for (const name of names.slice(0, -1)) {
    const inner = Object.hasOwn(target, name) ? target[name] : undefined;
    const next: Body = typeof inner === 'object' && inner !== null ? (inner as Body) : {};
    target[name] = next;
    target = next;
  }
  target[names.at(-1) ?? ''] = readValue(rest.join('='));
}

/** Throws UsageError for what is no JSON object or no setting; whether it is a valid body is the edge's to say. */
export async function readSettings({ file, set }: { file: string | undefined; set: string[] }): Promise<Body> {
  let body: Body = {};
  if (file !== undefined) {
    const source = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
    const value = readValue(source);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new UsageError(`${file === '-' ? 'standard input' : file} must hold a JSON object`);
    }
    body = value as Body;
  }
  for (const setting of set) setField(body, setting);
  return body;
}
