import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError } from '../../../worker/access/api-error.ts';
import { authenticate, REMEMBERED_MS } from '../../../worker/access/authenticate.ts';
import { makeKey } from '../../../worker/access/keys.ts';
import { prepare } from '../../../worker/access/prepare.ts';
import type { Bindings, Env } from '../../../worker/env.ts';
import { applyMigrations } from '../../../worker/hosts/migrations.ts';
import { openSqliteD1 } from '../../../worker/hosts/sqlite-d1.ts';
import { database } from '../../../worker/store/database.ts';
import { createKey, revokeKey } from '../../../worker/store/keys.ts';
import { createProject, patchProject } from '../../../worker/store/projects.ts';

const migrations = fileURLToPath(new URL('../../../migrations', import.meta.url));

const app = new Hono<Env>();
app.use(prepare, authenticate);
app.get('/v1/whoami', (c) => c.json(c.var.caller));
app.onError((error, c) => c.json({ code: error instanceof ApiError ? error.code : 'internal' }, 400));

describe('what another process changed', () => {
  let folder: string;
  let ours: ReturnType<typeof openSqliteD1>;
  let theirs: ReturnType<typeof openSqliteD1>;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'prefloop-authenticate-'));
    ours = openSqliteD1(join(folder, 'edge.sqlite'));
    await applyMigrations(ours, migrations);
    theirs = openSqliteD1(join(folder, 'edge.sqlite'));
  });
  afterEach(async () => {
    ours.close();
    theirs.close();
    await rm(folder, { recursive: true });
  });

  async function call(bearer: string, laterMs: number, headers: Record<string, string> = {}): Promise<string> {
    const env = { DB: ours, CLOCK_OFFSET_MS: String(laterMs) } as unknown as Bindings;
    const response = await app.request(
      '/v1/whoami',
      { headers: { authorization: `Bearer ${bearer}`, ...headers } },
      env,
    );
    const body = await response.json();
    return body.code ?? body.kind;
  }

  it('of keys and origins counts here five seconds later', async () => {
    const db = database(theirs);
    const admin = makeKey('p', { kind: 'secret', name: 'a', scopes: ['admin'] }, 0);
    const other = makeKey('p', { kind: 'secret', name: 'b', scopes: ['train'] }, 0);
    const open = makeKey('p', { kind: 'public', name: 'c', scopes: [] }, 0);
    const input = { id: 'p', allowedOrigins: ['https://shop.example'], requireAssignment: true };
    await createProject(db, input, 'secret', admin.row, 0);
    for (const { row } of [other, open]) await createKey(db, row);
    const origin = { origin: 'https://shop.example' };
    expect([await call(other.text, 0), await call(open.text, 0, origin)]).toEqual(['secret', 'public']);

    await revokeKey(db, 'p', other.row.id, 0);
    await patchProject(db, 'p', { allowedOrigins: [] });
    const soon = REMEMBERED_MS - 1000;
    expect([await call(other.text, soon), await call(open.text, soon, origin)]).toEqual(['secret', 'public']);
    const later = REMEMBERED_MS + 1;
    expect([await call(other.text, later), await call(open.text, later, origin)]).toEqual([
      'unauthorized',
      'origin_not_allowed',
    ]);
    expect(await call(admin.text, later)).toBe('secret');
  });

  it('that a key was made is known at once: a refusal is not remembered', async () => {
    const key = makeKey('p', { kind: 'secret', name: 'a', scopes: ['admin'] }, 0);
    expect(await call(key.text, 0)).toBe('unauthorized');
    await createProject(
      database(theirs),
      { id: 'p', allowedOrigins: [], requireAssignment: true },
      'secret',
      key.row,
      0,
    );
    expect(await call(key.text, 0)).toBe('secret');
  });
});
