/** Starts the edge on this machine: on workerd (as on Cloudflare) or on Deno. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startDeno } from './edge/deno.ts';
import { printReady } from './edge/ready.ts';
import { SETTINGS, type Settings, startWorkers } from './edge/workers.ts';
import { buildPages } from './pages.ts';

const HELP = `node scripts/edge.ts [--host workers|deno] [--port 8787] [--hostname 127.0.0.1] [--persist DIR] [--attached]
                       [--direct]

Applies the migrations, starts the edge and prints "edge ready: URL (HOST)". SIGTERM and SIGINT end it.
  --persist DIR   database and files (default .prefloop/edge)
  --port N        0 takes a free one
  --direct        the address of workerd itself, on a free port, past wrangler's proxy: for measurements
  --attached      ends when standard input ends: whoever started it can then leave nothing behind
Environment: ${SETTINGS.join(', ')}.`;

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: 'workers' },
    port: { type: 'string', default: '8787' },
    hostname: { type: 'string', default: '127.0.0.1' },
    persist: { type: 'string', default: '.prefloop/edge' },
    attached: { type: 'boolean', default: false },
    direct: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || !['workers', 'deno'].includes(values.host)) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}

const settings: Settings = {};
for (const name of SETTINGS) {
  const value = process.env[name];
  if (value) settings[name] = value;
}

let stop = async (): Promise<void> => {};
let stopping = false;
async function end(): Promise<void> {
  if (stopping) return;
  stopping = true;
  // workerd is told to end by this process; it must not be able to keep it.
  await Promise.race([stop(), new Promise((done) => setTimeout(done, 5000))]);
  process.exit(0);
}
process.on('SIGTERM', end);
process.on('SIGINT', end);
if (values.attached) process.stdin.on('end', end).resume();

await buildPages();
const start = values.host === 'deno' ? startDeno : startWorkers;
const { hostname, direct } = values;
const started = await start({
  hostname,
  port: Number(values.port),
  persist: resolve(values.persist),
  settings,
  direct,
});
stop = started.stop;
printReady(started.url, values.host);
