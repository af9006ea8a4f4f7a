/**
 * Conformance: the same tests over the edge on workerd/D1/R2 and on Deno/SQLite/folder, each started as a process of
 * its own on a free port with an empty folder.
 *
 *   describeOnHosts('preferences', (edge) => {
 *     it('stores a vote', async () => {
 *       const project = await edge.createProject();                        // a fresh tenant: its `admin` key, its id
 *       const key = await project.createKey(['ingest']);
 *       const answer = await edge.call('POST', '/v1/preferences', { bearer: key, body: vote });
 *       expect(answer).toMatchObject({ status: 201, body: { replayed: false } });
 *     });
 *   });
 *
 * One edge serves all tests of a describe: keep them apart by projects. `edge.restart({ CLOCK_OFFSET_MS })` comes back
 * on the same data with other settings, so that a lease or a week can pass; `edge.crash()` is a SIGKILL and a restart.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe } from 'vitest';
import { type Edge, type HostName, spawnEdge } from '../../scripts/edge/spawn.ts';
import type { Settings } from '../../scripts/edge/workers.ts';
import { sha256Hex } from '../../shared/math/record-id.ts';

export const ROOT_KEY = 'root-key-of-the-tests';

export type Call = { bearer?: string | undefined; body?: unknown; raw?: BodyInit; headers?: Record<string, string> };
// biome-ignore lint/suspicious/noExplicitAny: what a test expects of an answer is what it checks.
export type Answer = { status: number; body: any; headers: Headers };
export type TestProject = {
  id: string;
  /** Its first key, scope admin. */
  admin: string;
  /** A further secret key (or a public one, with no scopes). */
  createKey(scopes: string[], kind?: 'secret' | 'public'): Promise<string>;
  /** A token of the edge for a user. */
  createUserToken(user: string, scopes?: string[]): Promise<string>;
  /** A domain; `input` overrides the defaults { id: 'replies', baseModel: 'tiny', recipe: dpo }. */
  createDomain(input?: Record<string, unknown>): Promise<Answer['body']>;
};

export class TestEdge {
  readonly host: HostName;
  readonly #settings: Settings;
  #folder = '';
  #edge: Edge | undefined;

  constructor(host: HostName, settings: Settings) {
    this.host = host;
    this.#settings = { ROOT_KEY, ...settings };
  }

  get url(): string {
    if (!this.#edge) throw new Error('the edge is started in beforeAll: use it inside a test');
    return this.#edge.url;
  }

  /** Where its database and files lie. */
  get folder(): string {
    return this.#folder;
  }

  async start(settings: Settings = {}): Promise<void> {
    if (!this.#folder) this.#folder = await emptyFolder(this.host);
    Object.assign(this.#settings, settings);
    this.#edge = await spawnEdge({ host: this.host, persist: this.#folder, settings: this.#settings });
  }

  async stop(): Promise<void> {
    await this.#edge?.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async restart(settings: Settings = {}): Promise<void> {
    await this.#edge?.stop();
    await this.start(settings);
  }

  async crash(settings: Settings = {}): Promise<void> {
    await this.#edge?.kill();
    await this.start(settings);
  }

  /** One request. `body` is sent as JSON, `raw` as it is; a JSON answer is parsed, another one is text. */
  async call(method: string, path: string, { bearer, body, raw, headers }: Call = {}): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined ? { body: JSON.stringify(body) } : raw !== undefined && { body: raw }),
    });
    const text = await response.text();
    const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
  }

  /** `call`, for what a test takes for granted: throws unless the answer is a success. */
  async get(method: string, path: string, call: Call = {}): Promise<Answer['body']> {
    const { status, body } = await this.call(method, path, call);
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(body)}`);
    return body;
  }

  async createProject(input: Record<string, unknown> = {}): Promise<TestProject> {
    const id = `p-${crypto.randomUUID().slice(0, 8)}`;
    const made = await this.get('POST', '/v1/projects', { bearer: ROOT_KEY, body: { id, ...input } });
    const admin: string = made.adminKey;
    return {
      id: made.project.id,
      admin,
      createKey: async (scopes, kind = 'secret') =>
        (await this.get('POST', '/v1/keys', { bearer: admin, body: { name: 'test', kind, scopes } })).secret,
      createUserToken: async (user, scopes = ['collect', 'infer']) =>
        (await this.get('POST', '/v1/user-tokens', { bearer: admin, body: { user, scopes } })).token,
      createDomain: (input = {}) =>
        this.get('POST', '/v1/domains', {
          bearer: admin,
          body: { id: 'replies', baseModel: 'tiny', recipe: { method: 'dpo' }, ...input },
        }),
    };
  }
}

/** Defines `suite` once per host, with the edge of that host started before and removed after its tests. */
export function describeOnHosts(name: string, suite: (edge: TestEdge) => void, settings: Settings = {}): void {
  describe.each(['workers', 'deno'] as const)(`${name} on %s`, (host) => {
    const edge = new TestEdge(host, settings);
    beforeAll(() => edge.start());
    afterAll(() => edge.stop());
    suite(edge);
  });
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A new folder. For workerd it already holds the migrated, empty database: applying migrations there takes seconds. */
async function emptyFolder(host: HostName): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `prefloop-${host}-`));
  if (host === 'workers') await cp(await migratedTemplate(), folder, { recursive: true });
  return folder;
}

async function migratedTemplate(): Promise<string> {
  const names = (await readdir(join(root, 'migrations'))).filter((name) => name.endsWith('.sql')).sort();
  const sources = await Promise.all(
    [...names.map((name) => `migrations/${name}`), 'wrangler.toml', 'package-lock.json'].map(read),
  );
  const template = join(root, '.prefloop', `migrated-${(await sha256Hex(sources.join('\0'))).slice(0, 16)}`);
  if (await readdir(template).catch(() => null)) return template;
  await mkdir(join(root, '.prefloop'), { recursive: true });
  const made = await mkdtemp(join(root, '.prefloop', 'migrating-'));
  await (await spawnEdge({ host: 'workers', persist: made })).stop();
  // Two test files may have made one each: the first rename wins.
  await rename(made, template).catch(() => rm(made, { recursive: true, force: true }));
  return template;
}

const read = (path: string) => readFile(join(root, path), 'utf8');
