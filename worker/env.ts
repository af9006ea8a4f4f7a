/** What a host gives the edge (bindings), and what a request carries through the handlers (variables). */
import type { D1Database, R2Bucket } from '@cloudflare/workers-types';
import type { Caller } from './access/caller.ts';
import type { NetworkBackEnd } from './encoder/network.ts';
import type { Database } from './store/database.ts';
import type { ProjectRow } from './store/projects.ts';

/** Bindings are strings, a database, a bucket and a way to run networks on every host; a missing optional one switches its feature off. */
export type Bindings = {
  DB: D1Database;
  FILES: R2Bucket;
  HOST: 'workers' | 'deno';
  /** The files of /docs. */
  SWAGGER_UI: Record<'script' | 'style', () => string | Promise<string>>;
  /** Runs the networks of set encoders; opened when the first one is asked for. */
  ENCODER: () => Promise<NetworkBackEnd>;
  /** Creates projects, and nothing else. */
  ROOT_KEY?: string;
  /** Base address and bearer key of the inference back end, for example http://127.0.0.1:8800. */
  INFERENCE_URL?: string;
  /** The one that draws, where it is another than the one that writes; the same key opens it. */
  INFERENCE_IMAGES_URL?: string;
  INFERENCE_KEY?: string;
  /** A DemoConfig as JSON: serves the demo page at `/`. */
  DEMO?: string;
  /** Milliseconds added to the host's clock: lets a test live through a lease or a week of an assignment. */
  CLOCK_OFFSET_MS?: string;
};

export type Variables = {
  requestId: string;
  db: Database;
  /** The server's clock, Unix milliseconds: the only one that decides anything. */
  now: () => number;
  /** Set by the authentication of every /v1 route but health; `project` is absent for the root key alone. */
  caller: Caller;
  project: ProjectRow;
  /** The caller's page, once it was admitted: the answer carries CORS headers for it. */
  allowedOrigin?: string;
};

export type Env = { Bindings: Bindings; Variables: Variables };
