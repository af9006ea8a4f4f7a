/** From adapters to the points of curves: pure, so that a table and a picture show the same. */
import type { AdapterRecord, Gate } from '../../../shared/contracts/adapter.ts';
import { wilsonInterval } from '../../../shared/math/wilson-interval.ts';
import type { Measured } from './figures.ts';

export type Axis = 'votes' | 'adapters';

/** Adapters in the order they were made, with how many votes the line had learned from then. */
export type Track = {
  adapters: AdapterRecord[];
  x: number[];
  axis: Axis /** Adapters that are not on the line of the head. */;
  cut: number;
};

/** What was cut off by a rewind stands beside the line of the head, and would make it double: it is left out. */
export function trackOf(all: AdapterRecord[], head: string | null, axis: Axis): Track {
  const adapters = lineOf(all, head);
  const learned = new Map<string, number>();
  const x = adapters.map((adapter, index) => {
    // Votes from before the window are not known.
    const before = adapter.parent === null ? 0 : (learned.get(adapter.parent) ?? 0);
    learned.set(adapter.sha, before + adapter.preferences);
    return axis === 'adapters' ? index + 1 : before + adapter.preferences;
  });
  return { adapters, x, axis, cut: all.length - adapters.length };
}

/** From the oldest known ancestor to the head. */
function lineOf(all: AdapterRecord[], head: string | null): AdapterRecord[] {
  const bySha = new Map(all.map((adapter) => [adapter.sha, adapter]));
  const line: AdapterRecord[] = [];
  for (let at = head; at !== null; at = line[0]?.parent ?? null) {
    const adapter = bySha.get(at);
    if (!adapter) break;
    line.unshift(adapter);
  }
  return line;
}

export const gateOf = (adapter: AdapterRecord, name: Gate['name']) => adapter.gates.find((gate) => gate.name === name);

export function metricLine(track: Track, name: string): Measured[] {
  return track.adapters.map(({ metrics }) => ({ value: metrics[name] ?? null }));
}

export function gateLine(track: Track, name: Gate['name']): Measured[] {
  return track.adapters.map((adapter) => {
    const { value = null, low = null, high = null } = gateOf(adapter, name) ?? {};
    return { value, low, high };
  });
}

/** A share of so many pairs: Wilson's interval. */
export function agreementLine(track: Track): Measured[] {
  return track.adapters.map(({ metrics }) => {
    const { accuracyBefore: share, accuracyBeforeCount: n } = metrics;
    if (share === undefined || !n || share < 0 || share > 1) return { value: share ?? null };
    return wilsonInterval(share * n, n);
  });
}

/** Every step of every adapter, spread over the votes of its batch. */
export function stepLine(track: Track): { x: number[]; values: Measured[] } {
  const x: number[] = [];
  const values: Measured[] = [];
  for (const [index, adapter] of track.adapters.entries()) {
    const end = track.x[index] ?? 0;
    const width = track.axis === 'adapters' ? 1 : adapter.preferences;
    for (const [step, loss] of adapter.losses.entries()) {
      const at = end - width + (width * (step + 1)) / adapter.losses.length;
      if (at < (x.at(-1) ?? Number.NEGATIVE_INFINITY)) continue;
      x.push(at);
      values.push({ value: loss });
    }
  }
  return { x, values };
}

export const hasValues = (line: Measured[]) => line.some(({ value }) => value !== null && Number.isFinite(value));
