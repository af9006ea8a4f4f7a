/** Who descends from whom, as rows of a graph: pure. The line of the head is the first lane; what was cut off has its own. */

type Node = { sha: string; parent: string | null };

export type Row<T> = {
  /** null = the base, at the bottom; undefined = adapters before those that are known. */
  adapter: T | null | undefined;
  lane: number;
  /** Lanes that pass this row without ending here. */
  passing: number[];
  /** Lanes that come down from above and end in this row’s dot. */
  joining: number[];
  /** Whether a line goes on down to the parent. */
  goesOn: boolean;
};

const BASE = 'base';
const EARLIER = 'earlier';

/** `adapters` oldest first. Newest is the first row; the base, and what is older than is known, are the last. */
export function layOut<T extends Node>(adapters: readonly T[], head: string | null): { rows: Row<T>[]; lanes: number } {
  const known = new Set(adapters.map(({ sha }) => sha));
  const parentOf = ({ parent }: Node) => (parent === null ? BASE : known.has(parent) ? parent : EARLIER);
  // What each lane waits for; the first one waits for the head from the start.
  const waits: (string | null)[] = [head !== null && known.has(head) ? head : null];
  const rows: Row<T>[] = [];
  let lanes = 1;

  function place(name: string, adapter: Row<T>['adapter'], next: string | null): void {
    const all = waits.flatMap((wanted, lane) => (wanted === name ? [lane] : []));
    const isHead = name === head;
    let lane = all[0] ?? waits.findIndex((wanted, index) => wanted === null && (index > 0 || isHead));
    if (lane < 0) lane = waits.length;
    // At the head itself nothing comes down from above.
    const joining = all.filter((other) => !(isHead && other === 0));
    for (const other of all) waits[other] = null;
    const passing = waits.flatMap((wanted, index) =>
      wanted !== null && index !== lane && !isPending(index) ? [index] : [],
    );
    waits[lane] = next;
    lanes = Math.max(lanes, waits.length);
    rows.push({ adapter, lane, passing, joining, goesOn: next !== null });
    started ||= isHead;
  }

  let started = waits[0] === null;
  const isPending = (lane: number) => lane === 0 && !started;
  for (const adapter of adapters.toReversed()) place(adapter.sha, adapter, parentOf(adapter));
  if (waits.includes(EARLIER)) place(EARLIER, undefined, BASE);
  if (waits.includes(BASE) || rows.length === 0) place(BASE, null, null);
  return { rows, lanes };
}

/** Adapters from `from` back to `to`, which is left out: what a rewind cuts. null = `to` is no ancestor, as far as is known. */
export function lineBetween<T extends Node>(
  adapters: readonly T[],
  from: string | null,
  to: string | null,
): T[] | null {
  const bySha = new Map(adapters.map((adapter) => [adapter.sha, adapter]));
  const line: T[] = [];
  for (let at = from; at !== to; ) {
    const adapter = at === null ? undefined : bySha.get(at);
    if (!adapter) return null;
    line.push(adapter);
    at = adapter.parent;
  }
  return line;
}
