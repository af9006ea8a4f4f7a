/**
 * The edge on Deno: a SQLite file and a folder stand behind the bindings. Settings come from the environment under the
 * names of the bindings (ROOT_KEY, INFERENCE_URL, …).
 *
 *   deno run -A worker/hosts/deno.ts --persist DIR [--port 8787] [--hostname 127.0.0.1] [--attached]
 */
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { NetworkBackEnd } from '../encoder/network.ts';
import type { Bindings } from '../env.ts';
import app from '../index.ts';
import { openFolderR2 } from './folder-r2.ts';
import { applyMigrations } from './migrations.ts';
import { openSqliteD1 } from './sqlite-d1.ts';

declare const Deno: {
  serve(
    options: { port: number; hostname: string; onListen(address: { port: number }): void },
    handler: (request: Request) => Response | Promise<Response>,
  ): { shutdown(): Promise<void> };
};

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8787' },
    hostname: { type: 'string', default: '127.0.0.1' },
    persist: { type: 'string', default: '.prefloop/edge' },
    attached: { type: 'boolean', default: false },
  },
});

await mkdir(values.persist, { recursive: true });
const db = openSqliteD1(join(values.persist, 'edge.sqlite'));
await applyMigrations(db, fileURLToPath(new URL('../../migrations', import.meta.url)));
const { ROOT_KEY, INFERENCE_URL, INFERENCE_IMAGES_URL, INFERENCE_KEY, DEMO, CLOCK_OFFSET_MS } = process.env;
const settings = Object.entries({
  ...{ ROOT_KEY, INFERENCE_URL, INFERENCE_IMAGES_URL, INFERENCE_KEY, DEMO, CLOCK_OFFSET_MS },
}).filter(([, value]) => value);
const packageFile = (name: string) => readFile(createRequire(import.meta.url).resolve(name), 'utf8');
let opened: Promise<NetworkBackEnd> | undefined;
const bindings: Bindings = {
  ...Object.fromEntries(settings),
  DB: db,
  FILES: await openFolderR2(join(values.persist, 'files')),
  HOST: 'deno',
  ENCODER: () => (opened ??= import('./onnx-deno.ts').then(({ openOnnx }) => openOnnx())),
  SWAGGER_UI: {
    script: () => packageFile('swagger-ui-dist/swagger-ui-bundle.js'),
    style: () => packageFile('swagger-ui-dist/swagger-ui.css'),
  },
};

/** What goes on after its answer. */
const unfinished = new Set<Promise<unknown>>();
const context = {
  waitUntil(work: Promise<unknown>): void {
    const forget = () => unfinished.delete(work);
    unfinished.add(work);
    work.then(forget, forget);
  },
  passThroughOnException(): void {},
  props: {},
};

const server = Deno.serve(
  {
    port: Number(values.port),
    hostname: values.hostname,
    onListen: ({ port }) => console.log(`edge ready: http://${values.hostname}:${port} (deno)`),
  },
  (request) => app.fetch(request, bindings, context),
);

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  // Requests under way get a moment; a stream that never ends must not keep the process.
  const ended = server.shutdown().then(() => Promise.allSettled(unfinished));
  await Promise.race([ended, new Promise((done) => setTimeout(done, 2000))]);
  db.close();
  process.exit(0);
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
if (values.attached) process.stdin.on('end', stop).resume();
