/** The edge on workerd, through wrangler: the bindings of wrangler.toml, kept in a folder, no account, no inspector. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { D1Database } from '@cloudflare/workers-types';
import { applyMigrations } from '../../worker/hosts/migrations.ts';

/** What the environment may set; worker/env.ts says what each is. */
export const SETTINGS = [
  'ROOT_KEY',
  'INFERENCE_URL',
  'INFERENCE_IMAGES_URL',
  'INFERENCE_KEY',
  'DEMO',
  'CLOCK_OFFSET_MS',
] as const;
export type Settings = Partial<Record<(typeof SETTINGS)[number], string>>;
export type Started = { url: string; stop(): Promise<void> };

const root = fileURLToPath(new URL('../..', import.meta.url));
const config = join(root, 'wrangler.toml');
const migrations = join(root, 'migrations');

/**
 * Starts it and waits until it answers. `port` 0 takes a free one. direct: the address of workerd itself, on a free port, past the
 * proxy that wrangler puts before it and that no deployment has.
 */
export async function startWorkers(options: {
  hostname: string;
  port: number;
  persist: string;
  settings: Settings;
  direct?: boolean;
}): Promise<Started> {
  Object.assign(process.env, {
    // The trace collector costs a third of the latency; the others call home or leave files behind.
    X_LOCAL_OBSERVABILITY: 'false',
    X_LOCAL_EXPLORER: 'false',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_WRITE_LOGS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_LOG: process.env.WRANGLER_LOG ?? 'error',
    WRANGLER_REGISTRY_PATH: join(options.persist, 'registry'),
  });
  const wrangler = await import('wrangler');
  await migrate(wrangler, options.persist);
  const bindings = Object.entries(options.settings).map(([name, value]) => [
    name,
    { type: 'plain_text' as const, value },
  ]);
  const worker = await wrangler.unstable_startWorker({
    config,
    envFiles: [],
    bindings: Object.fromEntries(bindings),
    dev: {
      server: { hostname: options.hostname, port: options.port },
      inspector: false,
      persist: options.persist,
      watch: false,
      logLevel: 'error',
    },
  });
  const url = (await worker.url).origin;
  // Wrangler is ready before the worker is; the first request waits for it.
  await fetch(`${url}/v1/health`);
  return { url: options.direct ? await ownAddress(worker) : url, stop: () => worker.dispose() };
}

/** Of the workerd that runs the worker. */
async function ownAddress({ raw }: { raw: { runtimes: object[] } }): Promise<string> {
  for (const runtime of raw.runtimes) {
    if ('mf' in runtime && runtime.mf) return (await (runtime.mf as { ready: Promise<URL> }).ready).origin;
  }
  throw new Error('wrangler does not say where its workerd listens');
}

// Through wrangler's own proxy, which starts a second workerd: only when there is something to apply.
async function migrate(wrangler: typeof import('wrangler'), persist: string): Promise<void> {
  const stamp = join(persist, 'v3', 'd1', 'migrated');
  const wanted = (await readdir(migrations))
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .join('\n');
  if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted) return;
  await mkdir(persist, { recursive: true });
  const proxy = await wrangler.getPlatformProxy<{ DB: D1Database }>({
    configPath: config,
    envFiles: [],
    persist: { path: join(persist, 'v3') },
  });
  try {
    await applyMigrations(proxy.env.DB, migrations);
  } finally {
    await proxy.dispose();
  }
  await writeFile(stamp, wanted);
}
