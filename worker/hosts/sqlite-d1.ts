/**
 * A D1 database over node:sqlite (Deno, and Node 24 in tests of stores): one file, WAL, every commit synced to disk.
 * As strict as D1: exactly as many values as parameters, at most 100 of them, no undefined, bigint or object.
 * It differs where nothing depends on it: integers beyond 2^53 throw instead of being rounded, a "text" in double
 * quotes is an error instead of a literal, `meta` has no rows_read, and a write blocks the thread until it is on disk.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { D1Database, D1Meta, D1PreparedStatement, D1Result } from '@cloudflare/workers-types';
import { countParameters, MAX_PARAMETERS } from './sql-parameters.ts';

const MOST_STATEMENTS = 500;
const CONSTRAINT = 19;

type Row = unknown[];
type Outcome = { columns: string[]; rows: Row[]; meta: D1Meta & Record<string, unknown> };
type Compiled = { statement: StatementSync; parameters: number; columns: string[] };

/** Opens or creates the file; `:memory:` is allowed. Close it with `close()`. */
export function openSqliteD1(path: string): D1Database & { close(): void } {
  const file = new DatabaseSync(path);
  file.exec(
    `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON;
     PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8000`,
  );
  return new SqliteD1(file) as unknown as D1Database & { close(): void };
}

class SqliteD1 {
  readonly #file: DatabaseSync;
  readonly #compiled = new Map<string, Compiled>();

  constructor(file: DatabaseSync) {
    this.#file = file;
  }

  prepare(sql: string): D1PreparedStatement {
    return new Statement(this, sql, []) as unknown as D1PreparedStatement;
  }

  /** One transaction: all statements or none. Nothing else runs in between, because this thread never lets go. */
  async batch<T>(statements: D1PreparedStatement[]): Promise<D1Result<T>[]> {
    this.#file.exec('BEGIN IMMEDIATE');
    try {
      const results = statements.map((statement) => asResult<T>(this.run(statement as unknown as Statement)));
      this.#file.exec('COMMIT');
      return results;
    } catch (error) {
      if (this.#file.isTransaction) this.#file.exec('ROLLBACK');
      throw error;
    }
  }

  async exec(sql: string): Promise<{ count: number; duration: number }> {
    try {
      this.#file.exec(sql);
    } catch (error) {
      throw d1Error(error);
    }
    return { count: 1, duration: 0 };
  }

  close(): void {
    this.#compiled.clear();
    this.#file.close();
  }

  run({ sql, values }: Pick<Statement, 'sql' | 'values'>): Outcome {
    try {
      const { statement, parameters, columns } = this.#compile(sql);
      if (values.length !== parameters) throw new Error('Wrong number of parameter bindings for SQL query.');
      if (columns.length > 0) {
        const rows = statement.all(...values) as unknown as Row[];
        return { columns, rows: rows.map(withoutBytes), meta: meta(0, 0) };
      }
      const { changes, lastInsertRowid } = statement.run(...values);
      return { columns, rows: [], meta: meta(Number(changes), Number(lastInsertRowid)) };
    } catch (error) {
      throw d1Error(error);
    }
  }

  #compile(sql: string): Compiled {
    const known = this.#compiled.get(sql);
    if (known) return known;
    const parameters = countParameters(sql);
    if (parameters > MAX_PARAMETERS)
      throw new Error(`variable number must be between ?1 and ?${MAX_PARAMETERS}: SQLITE_ERROR`);
    const statement = this.#file.prepare(sql);
    statement.setReturnArrays(true);
    const made = { statement, parameters, columns: statement.columns().map((column) => column.name) };
    if (this.#compiled.size >= MOST_STATEMENTS) this.#compiled.clear();
    this.#compiled.set(sql, made);
    return made;
  }
}

class Statement {
  readonly sql: string;
  readonly values: SQLInputValue[];
  readonly #db: SqliteD1;

  constructor(db: SqliteD1, sql: string, values: SQLInputValue[]) {
    this.#db = db;
    this.sql = sql;
    this.values = values;
  }

  bind(...values: unknown[]): Statement {
    return new Statement(this.#db, this.sql, values.map(bindable));
  }

  async all<T>(): Promise<D1Result<T>> {
    return asResult(this.#db.run(this));
  }

  async run<T>(): Promise<D1Result<T>> {
    return asResult(this.#db.run(this));
  }

  async first(column?: string): Promise<unknown> {
    const { columns, rows } = this.#db.run(this);
    const row = rows[0];
    if (!row) return null;
    if (column === undefined) return asObject(columns, row);
    if (!columns.includes(column)) throw new Error(`D1_COLUMN_NOTFOUND: Column not found (${column})`);
    return row[columns.indexOf(column)];
  }

  async raw(options?: { columnNames?: boolean }): Promise<Row[]> {
    const { columns, rows } = this.#db.run(this);
    return options?.columnNames ? [columns, ...rows] : rows;
  }
}

function asResult<T>({ columns, rows, meta }: Outcome): D1Result<T> {
  return { success: true, meta, results: rows.map((row) => asObject(columns, row) as T) };
}

function asObject(columns: string[], row: Row): Record<string, unknown> {
  return Object.fromEntries(columns.map((name, i) => [name, row[i]]));
}

function bindable(value: unknown): SQLInputValue {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) return Uint8Array.from(value);
  throw new Error(`D1_TYPE_ERROR: Type '${typeof value}' not supported for value '${value}'`);
}

// D1 gives a BLOB as an array of numbers.
function withoutBytes(row: Row): Row {
  return row.map((value) => (value instanceof Uint8Array ? Array.from(value) : value));
}

function meta(changes: number, lastRowId: number): D1Meta & Record<string, unknown> {
  const changed = changes > 0;
  return {
    duration: 0,
    size_after: 0,
    rows_read: 0,
    rows_written: changes,
    last_row_id: lastRowId,
    changed_db: changed,
    changes,
  };
}

function d1Error(error: unknown): Error {
  const { message, errcode } = error as Error & { errcode?: number };
  const kind = errcode === undefined ? '' : (errcode & 0xff) === CONSTRAINT ? ': SQLITE_CONSTRAINT' : ': SQLITE_ERROR';
  return new Error(`D1_ERROR: ${message}${kind}`, { cause: error });
}
