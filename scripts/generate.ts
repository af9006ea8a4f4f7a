/**
 * Writes what follows from shared/contracts: worker/openapi.json, and from it the runner's pydantic models and the types
 * of the client.
 *
 *   node scripts/generate.ts           writes them
 *   node scripts/generate.ts --check   writes nothing; exits 1 and names what is stale
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { type Paths, printWireTypes, type Schemas } from './generate/wire-types.ts';
import { buildPages } from './pages.ts';
import { root, venvProgram } from './setup/paths.mjs';

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const OPENAPI = 'worker/openapi.json';
const CONTRACTS = 'gpu-runner/prefloop/contracts.py';
const WIRE = 'shared/client/wire.ts';

// The app imports its pages, which are built and not in git.
await buildPages();
const { default: app } = await import('../worker/index.ts');
const { openApiDocument } = await import('../worker/openapi.ts');

const openapi = `${JSON.stringify(openApiDocument(app), null, 2)}\n`;
const stale: string[] = [];
await write(OPENAPI, openapi);
await write(CONTRACTS, await pydanticModels(openapi));
await write(WIRE, await wireTypes(openapi));
if (stale.length > 0) {
  console.error(`stale: ${stale.join(', ')}; run node scripts/generate.ts`);
  process.exit(1);
}

async function write(name: string, text: string): Promise<void> {
  const path = join(root, name);
  const current = await readFile(path, 'utf8').catch(() => '');
  if (current === text) return;
  if (values.check) stale.push(name);
  else await writeFile(path, text);
}

/** As they are sent and as they are answered: zod knows what a default makes of them, the document does not. */
async function wireTypes(document: string): Promise<string> {
  const { schemas: sent } = z.toJSONSchema(z.globalRegistry, { io: 'input', uri: (id) => id });
  const { schemas: answered } = z.toJSONSchema(z.globalRegistry, { io: 'output', uri: (id) => id });
  const source = printWireTypes((JSON.parse(document) as { paths: Paths }).paths, { sent, answered } as Schemas);
  const biome = [join(root, 'node_modules/@biomejs/biome/bin/biome'), 'format', `--stdin-file-path=${WIRE}`];
  const child = promisify(execFile)(process.execPath, biome, { cwd: root, maxBuffer: 2 ** 24 });
  child.child.stdin?.end(source);
  return (await child).stdout;
}

/** snake_case fields with the wire's names as aliases; frozen; unknown fields refused where the edge refuses them. */
async function pydanticModels(document: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'prefloop-contracts-'));
  try {
    await writeFile(join(folder, 'openapi.json'), document);
    const options = [
      ...['--input', join(folder, 'openapi.json'), '--input-file-type', 'openapi', '--openapi-scopes', 'schemas'],
      ...['--output', join(folder, 'contracts.py'), '--output-model-type', 'pydantic_v2.BaseModel'],
      ...['--target-python-version', '3.11', '--use-union-operator', '--use-standard-collections', '--use-annotated'],
      ...['--snake-case-field', '--allow-population-by-field-name', '--enable-faux-immutability', '--strict-nullable'],
      ...[
        '--enum-field-as-literal',
        'all',
        '--use-type-alias-type',
        '--use-schema-description',
        '--use-field-description',
      ],
      ...['--custom-file-header', '# Generated from worker/openapi.json by scripts/generate.ts: never edited.'],
      ...['--disable-timestamp', '--use-double-quotes', '--formatters', 'ruff-format'],
    ];
    await promisify(execFile)(venvProgram('datamodel-codegen'), options, { cwd: join(root, 'gpu-runner') });
    return await readFile(join(folder, 'contracts.py'), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
