/** drizzle over D1. There is no interactive transaction on D1: write one statement, or one `atomic` list of them. */
import type { D1Database } from '@cloudflare/workers-types';
import type { BatchItem } from 'drizzle-orm/batch';
import { type DrizzleD1Database, drizzle } from 'drizzle-orm/d1';
import * as schema from './schema.ts';

export type Database = Omit<DrizzleD1Database<typeof schema>, 'transaction'> & { $client: D1Database };

const opened = new WeakMap<object, Database>();

export function database(binding: D1Database): Database {
  let db = opened.get(binding);
  if (!db) {
    db = drizzle(binding, { schema }) as unknown as Database;
    opened.set(binding, db);
  }
  return db;
}

/** All of the statements or none of them, in order; any error rolls everything back. Results in the same order. */
export function atomic<const T extends readonly [BatchItem<'sqlite'>, ...BatchItem<'sqlite'>[]]>(
  db: Database,
  statements: T,
) {
  return db.batch(statements);
}

/** Whether an error is a broken UNIQUE or PRIMARY KEY of `table`: somebody wrote the same id first. */
export function isDuplicate(error: unknown, table: string): boolean {
  return messages(error).some((message) => message.includes(`UNIQUE constraint failed: ${table}.`));
}

/** Whether an error is the guard's CHECK: the condition of an atomic batch did not hold, and nothing was written. */
export function isGuardFailure(error: unknown): boolean {
  return messages(error).some((message) => message.includes('CHECK constraint failed: guard_ok'));
}

// drizzle wraps D1's error, and D1 wraps SQLite's.
function messages(error: unknown): string[] {
  const found: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) found.push(at.message);
  return found;
}
