/** Comparisons that come one after another: the next one is fetched while this one is read. */
import type { Shown } from './deal.ts';

type Coming = Promise<Shown | null>;

export type Queue = {
  take(): Coming;
  lookAhead(): void;
  /** To be taken next. */
  putBack(coming: Coming): void;
  clear(): void;
};

/** `fetch` brings a comparison that nobody has seen; null = there are no more. */
export function openQueue(fetch: () => Coming): Queue {
  let ahead: Coming[] = [];
  return {
    take: () => ahead.shift() ?? fetch(),
    lookAhead: () => {
      if (ahead.length > 0) return;
      const next = fetch();
      ahead.push(next);
      // What failed is asked for again when its turn comes.
      next.catch(() => {
        ahead = ahead.filter((each) => each !== next);
      });
    },
    putBack: (coming) => ahead.unshift(coming),
    clear: () => {
      ahead = [];
    },
  };
}
