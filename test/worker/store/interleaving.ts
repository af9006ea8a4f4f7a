/**
 * A seeded world of concurrent callers: every call to the database waits for its turn, the turns are drawn by a
 * generator, and the clock moves with them. The same seed gives the same history.
 */
import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import { type Random, seededRandom } from '../../../shared/math/random.ts';
import { type Database, database } from '../../../worker/store/database.ts';

export type Interleaving = {
  db: Database;
  random: Random;
  now: () => number;
  /** Lets others go on, and time pass, for this many milliseconds at least. */
  sleep: (milliseconds: number) => Promise<void>;
  /** Runs the callers to their ends, one turn at a time. */
  run: (callers: readonly Promise<unknown>[]) => Promise<void>;
};

export function interleave(db: Database, seed: number, start = 1_000_000): Interleaving {
  const random = seededRandom(seed);
  const waiting: { at: number; go: () => void }[] = [];
  let clock = start;
  const turn = (at = clock) => new Promise<void>((go) => waiting.push({ at, go }));

  async function run(callers: readonly Promise<unknown>[]): Promise<void> {
    let running = true;
    const all = Promise.all(callers).finally(() => {
      running = false;
    });
    // A caller that fails ends the run; the loop below must not hide it.
    all.catch(() => {});
    while (running) {
      await new Promise((resolve) => setImmediate(resolve));
      if (waiting.length === 0) continue;
      const due = waiting.filter(({ at }) => at <= clock);
      if (due.length === 0) clock = Math.min(...waiting.map(({ at }) => at));
      const ready = waiting.filter(({ at }) => at <= clock);
      const chosen = ready[Math.floor(random() * ready.length)] as (typeof ready)[number];
      waiting.splice(waiting.indexOf(chosen), 1);
      clock += Math.floor(random() * 20);
      chosen.go();
    }
    await all;
  }

  return {
    db: database(taking(db.$client, turn)),
    random,
    now: () => clock,
    sleep: (milliseconds) => turn(clock + milliseconds),
    run,
  };
}

/** The same database, each call in its turn. */
function taking(client: D1Database, turn: () => Promise<void>): D1Database {
  const statement = (made: D1PreparedStatement): D1PreparedStatement => {
    const inTurn =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A) => {
        await turn();
        return call.apply(made, args);
      };
    const wrapped = {
      made,
      bind: (...values: unknown[]) => statement(made.bind(...values)),
      all: inTurn(made.all),
      run: inTurn(made.run),
      first: inTurn(made.first as (column?: string) => Promise<unknown>),
      raw: inTurn(made.raw as () => Promise<unknown>),
    };
    return wrapped as unknown as D1PreparedStatement;
  };
  const binding = {
    prepare: (sql: string) => statement(client.prepare(sql)),
    async batch(statements: { made: D1PreparedStatement }[]) {
      await turn();
      return client.batch(statements.map(({ made }) => made));
    },
  };
  return binding as unknown as D1Database;
}
