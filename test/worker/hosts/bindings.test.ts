/** The same questions to workerd's D1 and R2 and to what stands in for them on Deno. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { D1Database, R2Bucket, R2ObjectBody } from '@cloudflare/workers-types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getPlatformProxy } from 'wrangler';
import { sha256Hex } from '../../../shared/math/record-id.ts';
import { openFolderR2 } from '../../../worker/hosts/folder-r2.ts';
import { applyMigrations } from '../../../worker/hosts/migrations.ts';
import { openSqliteD1 } from '../../../worker/hosts/sqlite-d1.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const migrations = join(root, 'migrations');

type Opened = { db: D1Database; files: R2Bucket; close(): Promise<void> };

const hosts = {
  async workerd(folder: string): Promise<Opened> {
    Object.assign(process.env, {
      X_LOCAL_OBSERVABILITY: 'false',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      WRANGLER_WRITE_LOGS: 'false',
    });
    const proxy = await getPlatformProxy<{ DB: D1Database; FILES: R2Bucket }>({
      configPath: join(root, 'wrangler.toml'),
      envFiles: [],
      persist: { path: folder },
    });
    return { db: proxy.env.DB, files: proxy.env.FILES, close: () => proxy.dispose() };
  },
  async 'SQLite and a folder'(folder: string): Promise<Opened> {
    const db = openSqliteD1(join(folder, 'edge.sqlite'));
    return { db, files: await openFolderR2(join(folder, 'files')), close: async () => db.close() };
  },
};

describe.each(Object.entries(hosts))('%s', (_, open) => {
  let folder: string;
  let db: D1Database;
  let files: R2Bucket;
  let close: () => Promise<void>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'prefloop-bindings-'));
    ({ db, files, close } = await open(folder));
    await db
      .prepare('CREATE TABLE item (id TEXT PRIMARY KEY, n INTEGER CONSTRAINT positive CHECK (n > 0), data BLOB)')
      .run();
  });
  afterAll(async () => {
    await close();
    await rm(folder, { recursive: true, force: true });
  });

  const rejection = (work: Promise<unknown>) =>
    work.then(
      () => 'fulfilled',
      (error: Error) => error.message,
    );

  describe('as a database', () => {
    it('answers rows as objects, as lists, and one by one', async () => {
      const select = db.prepare("SELECT ?1 AS a, 'x' AS b UNION ALL SELECT 2, 'y'").bind(1);
      const { results, success } = await select.all();
      expect([success, results]).toEqual([
        true,
        [
          { a: 1, b: 'x' },
          { a: 2, b: 'y' },
        ],
      ]);
      expect(await select.raw()).toEqual([
        [1, 'x'],
        [2, 'y'],
      ]);
      expect(await select.raw({ columnNames: true })).toEqual([
        ['a', 'b'],
        [1, 'x'],
        [2, 'y'],
      ]);
      expect(await select.first()).toEqual({ a: 1, b: 'x' });
      expect(await select.first('b')).toBe('x');
      expect(await db.prepare('SELECT 1 WHERE false').first()).toBeNull();
      expect(await rejection(select.first('c'))).toContain('D1_COLUMN_NOTFOUND');
    });

    it('keeps columns of one name apart in lists', async () => {
      expect(await db.prepare('SELECT 1 AS a, 2 AS a').raw()).toEqual([[1, 2]]);
    });

    it('tells what a write changed', async () => {
      const insert = db.prepare("INSERT INTO item (id, n) VALUES ('m1', 1), ('m2', 2)");
      expect((await insert.run()).meta).toMatchObject({ changes: 2, changed_db: true });
      const none = await db.prepare("UPDATE item SET n = 3 WHERE id = 'nobody'").run();
      expect(none.meta.changes).toBe(0);
      const returned = await db.prepare("DELETE FROM item WHERE id LIKE 'm%' RETURNING id").all();
      expect(returned.results).toHaveLength(2);
    });

    it('binds null, booleans, numbers, text of every plane and bytes', async () => {
      const values = [null, true, false, 0.5, -7, 2 ** 40, '', 'Grüße 🙂 " \' \\'];
      const columns = values.map((_, i) => `?${i + 1}`).join(', ');
      const [row] = await db
        .prepare(`SELECT ${columns}`)
        .bind(...values)
        .raw();
      expect(row).toEqual([null, 1, 0, 0.5, -7, 2 ** 40, '', 'Grüße 🙂 " \' \\']);
      await db
        .prepare("INSERT INTO item (id, n, data) VALUES ('bytes', 1, ?1)")
        .bind(new Uint8Array([0, 255, 7]))
        .run();
      expect(await db.prepare("SELECT data, typeof(data) AS t FROM item WHERE id = 'bytes'").first()).toEqual({
        data: [0, 255, 7],
        t: 'blob',
      });
    });

    it('binds a number as a real, so that 5 / 2 is the same everywhere', async () => {
      expect(await db.prepare('SELECT ?1 / 2 AS half, typeof(?1) AS t').bind(5).first()).toEqual({
        half: 2.5,
        t: 'real',
      });
    });

    it.each([
      ['too few values', 'SELECT ?1, ?2', [1], 'Wrong number of parameter bindings'],
      ['too many values', 'SELECT ?1', [1, 2], 'Wrong number of parameter bindings'],
      ['too few values for plain marks', "SELECT ?, '?', ? -- ?", [1], 'Wrong number of parameter bindings'],
      ['no statement', 'SELEC 1', [], 'syntax error'],
      ['an unknown table', 'SELECT * FROM nowhere', [], 'no such table'],
    ])('refuses %s', async (_, sql, values, message) => {
      expect(
        await rejection(
          db
            .prepare(sql)
            .bind(...values)
            .all(),
        ),
      ).toContain(message);
    });

    it('takes 100 parameters and refuses 101', async () => {
      const select = (n: number) => db.prepare(`SELECT ${Array.from({ length: n }, (_, i) => `?${i + 1}`).join(', ')}`);
      expect(
        (
          await select(100)
            .bind(...Array(100).fill(1))
            .raw()
        )[0],
      ).toHaveLength(100);
      // On workerd the statement fails when it runs, here when it is prepared: either way it is refused.
      expect(
        await rejection(
          (async () =>
            select(101)
              .bind(...Array(101).fill(1))
              .raw())(),
        ),
      ).toContain('variable number must be between ?1 and ?100');
    });

    it.each([[undefined], [10n], [{ a: 1 }], [Symbol('s')]])('refuses to bind %s', async (value) => {
      const bound = (async () => db.prepare('SELECT ?1').bind(value).all())();
      expect(await rejection(bound)).toMatch(/D1_TYPE_ERROR|could not be cloned|symbol/i);
    });

    it('names the constraint that was broken', async () => {
      await db.prepare("INSERT INTO item (id, n) VALUES ('taken', 1)").run();
      const again = await rejection(db.prepare("INSERT INTO item (id, n) VALUES ('taken', 1)").run());
      expect(again).toContain('UNIQUE constraint failed: item.id: SQLITE_CONSTRAINT');
      const negative = await rejection(db.prepare("INSERT INTO item (id, n) VALUES ('neg', -1)").run());
      expect(negative).toContain('CHECK constraint failed: positive: SQLITE_CONSTRAINT');
    });

    it('runs a batch whole or not at all', async () => {
      const insert = (id: string) => db.prepare('INSERT INTO item (id, n) VALUES (?1, 1) RETURNING id').bind(id);
      const results = await db.batch<{ id: string }>([
        insert('b1'),
        insert('b2'),
        db.prepare("SELECT count(*) AS n FROM item WHERE id LIKE 'b_'"),
      ]);
      expect(results.map(({ results }) => results)).toEqual([[{ id: 'b1' }], [{ id: 'b2' }], [{ n: 2 }]]);
      expect(await rejection(db.batch([insert('c1'), insert('b1'), insert('c2')]))).toContain(
        'UNIQUE constraint failed',
      );
      expect(await db.prepare("SELECT count(*) FROM item WHERE id LIKE 'c_'").first('count(*)')).toBe(0);
      expect(await rejection(db.batch([insert('d1'), db.prepare('SELECT ?1')]))).toContain(
        'Wrong number of parameter bindings',
      );
      expect(await db.prepare("SELECT count(*) FROM item WHERE id = 'd1'").first('count(*)')).toBe(0);
    });

    it('reads a list out of one parameter', async () => {
      const ids = JSON.stringify(Array.from({ length: 500 }, (_, i) => ({ id: `j${i}` })));
      const insert = `INSERT INTO item (id, n) SELECT value ->> 'id', 1 FROM json_each(?1) WHERE true ON CONFLICT (id) DO NOTHING RETURNING id`;
      expect((await db.prepare(insert).bind(ids).all()).results).toHaveLength(500);
      expect((await db.prepare(insert).bind(ids).all()).results).toHaveLength(0);
    });

    it('takes the migrations once, and refuses nothing on a second start', async () => {
      const names = (await readdir(migrations)).filter((name) => name.endsWith('.sql')).sort();
      expect(await applyMigrations(db, migrations)).toEqual(names);
      expect(await applyMigrations(db, migrations)).toEqual([]);
    });

    it('counts votes by what became of them, through every change', async () => {
      const insert = (id: string, status: string, reason: string | null) =>
        db
          .prepare(
            `INSERT INTO preference (project, id, body_hash, domain, comparison, choice, confidence, weight, status, not_trainable, created_at)
             VALUES ('p', ?1, '', 'd', '', '{}', 1, 1, ?2, ?3, 0) ON CONFLICT (project, id) DO NOTHING`,
          )
          .bind(id, status, reason);
      const counts = async () =>
        Object.fromEntries(
          await db.prepare("SELECT status || '/' || reason, n FROM preference_count WHERE n <> 0 ORDER BY 1").raw(),
        );
      await db.batch([
        insert('1', 'waiting', null),
        insert('2', 'waiting', null),
        insert('3', 'notTrainable', 'skip'),
        insert('3', 'waiting', null),
      ]);
      expect(await counts()).toEqual({ 'waiting/': 2, 'notTrainable/skip': 1 });
      await db.prepare("UPDATE preference SET status = 'batched', weight = 0.5 WHERE id = '1'").run();
      await db.prepare("UPDATE preference SET weight = 0.1 WHERE id = '2'").run();
      await db.prepare("UPDATE preference SET not_trainable = 'bothBad' WHERE id = '3'").run();
      expect(await counts()).toEqual({ 'batched/': 1, 'waiting/': 1, 'notTrainable/bothBad': 1 });
      await db.prepare("DELETE FROM preference WHERE id IN ('2', '3')").run();
      expect(await counts()).toEqual({ 'batched/': 1 });
    });

    it('undoes an atomic batch whose guard fails', async () => {
      const guard = (ok: string) => db.prepare(`INSERT INTO guard (name, ok) SELECT 'test', ${ok}`);
      const write = db.prepare("INSERT INTO item (id, n) VALUES ('guarded', 1)");
      expect(await rejection(db.batch([write, guard('1 = 2')]))).toContain('CHECK constraint failed: guard_ok');
      expect(await db.prepare("SELECT 1 FROM item WHERE id = 'guarded'").first()).toBeNull();
      await db.batch([guard('1 = 1'), write, db.prepare("DELETE FROM guard WHERE name = 'test'")]);
      expect(await db.prepare("SELECT id FROM item WHERE id = 'guarded'").first('id')).toBe('guarded');
    });
  });

  describe('as a bucket', () => {
    const text = async (key: string, options?: Parameters<R2Bucket['get']>[1]) => {
      const object = (await files.get(key, options)) as R2ObjectBody | null;
      return object ? object.text() : null;
    };

    it('gives back what was put', async () => {
      const bytes = crypto.getRandomValues(new Uint8Array(60_000));
      await files.put('a/b/c', bytes);
      const object = await files.get('a/b/c');
      expect(new Uint8Array((await object?.arrayBuffer()) ?? new ArrayBuffer(0))).toEqual(bytes);
      expect(object).toMatchObject({ key: 'a/b/c', size: 60_000 });
      expect(await files.head('a/b/c')).toMatchObject({ size: 60_000 });
      expect(await files.get('a/b/d')).toBeNull();
      expect(await files.head('a/b')).toBeNull();
    });

    it('keeps a key apart from the keys below it', async () => {
      await files.put('k', 'above');
      await files.put('k/below', 'below');
      expect([await text('k'), await text('k/below')]).toEqual(['above', 'below']);
    });

    it('takes text and an empty object, and replaces whole objects', async () => {
      await files.put('t', 'old and longer');
      await files.put('t', 'new');
      expect(await text('t')).toBe('new');
      await files.put('empty', '');
      expect([await text('empty'), (await files.head('empty'))?.size]).toEqual(['', 0]);
    });

    it('reads ranges', async () => {
      await files.put('range', '0123456789');
      expect(await text('range', { range: { offset: 2, length: 3 } })).toBe('234');
      expect(await text('range', { range: { offset: 7 } })).toBe('789');
      expect(await text('range', { range: { suffix: 2 } })).toBe('89');
      expect(await text('range', { range: { offset: 8, length: 100 } })).toBe('89');
    });

    it('keeps nothing whose hash is not the one that was promised', async () => {
      const sha256 = await sha256Hex('right');
      expect(await rejection(files.put('sum', 'wrong', { sha256 }))).toMatch(/SHA-256/i);
      expect(await files.head('sum')).toBeNull();
      await files.put('sum', 'right', { sha256 });
      expect(await text('sum')).toBe('right');
    });

    it('deletes one or several, also what is not there', async () => {
      await Promise.all(['d1', 'd2', 'd3'].map((key) => files.put(key, key)));
      await files.delete('d1');
      await files.delete(['d2', 'd3', 'd4']);
      expect(await Promise.all(['d1', 'd2', 'd3'].map((key) => files.head(key)))).toEqual([null, null, null]);
    });

    it.each(['../outside', 'a/../b', '.', '..', '/etc/passwd', 'a//b', 'ü 🙂/%2e', 'x'.repeat(200)])(
      'keeps the key %j to itself',
      async (key) => {
        await files.put(key, key);
        expect(await text(key)).toBe(key);
        await files.delete(key);
      },
    );
  });
});

it('a folder keeps every object below itself', async () => {
  const outer = await mkdtemp(join(tmpdir(), 'prefloop-outer-'));
  const files = await openFolderR2(join(outer, 'files'));
  for (const key of ['../../escape', '/../escape', '..', 'a/../../../b']) await files.put(key, 'x');
  expect(await readdir(outer)).toEqual(['files']);
  expect((await readdir(join(outer, 'files'))).sort()).toEqual(['incoming', 'objects']);
  expect(await readdir(join(outer, 'files', 'incoming'))).toEqual([]);
  await rm(outer, { recursive: true });
});
