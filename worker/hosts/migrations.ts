/** Applies /migrations in order, each one whole, and remembers them in the table that wrangler uses. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { D1Database } from '@cloudflare/workers-types';

export const MIGRATIONS_TABLE = 'd1_migrations';

/** Names of the migrations it applied. A failing one is rolled back and thrown; the earlier ones stay. */
export async function applyMigrations(db: D1Database, folder: string): Promise<string[]> {
  await db
    .prepare(
      `CREATE TABLE IF NOT EXISTS ${MIGRATIONS_TABLE} (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,
       applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`,
    )
    .run();
  const { results } = await db.prepare(`SELECT name FROM ${MIGRATIONS_TABLE}`).all<{ name: string }>();
  const known = new Set(results.map((row) => row.name));
  const waiting = (await readdir(folder)).filter((name) => name.endsWith('.sql') && !known.has(name)).sort();
  for (const name of waiting) {
    const statements = (await readFile(join(folder, name), 'utf8')).split('--> statement-breakpoint');
    const remember = db.prepare(`INSERT INTO ${MIGRATIONS_TABLE} (name) VALUES (?)`).bind(name);
    await db.batch([...statements.map((sql) => db.prepare(sql.trim().replace(/;$/, ''))), remember]);
  }
  return waiting;
}
