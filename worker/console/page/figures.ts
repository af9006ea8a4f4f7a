/** A number with its interval, always under a name that explains it. */
import { term } from './explain.ts';
import { type Child, make } from './node.ts';
import type { Term } from './terms.ts';
import { number } from './words.ts';

export type Measured = { value: number | null; low?: number | null | undefined; high?: number | null | undefined };

type Format = (value: number) => string;

/** "0.74 0.61–0.84"; a dash where nothing was measured. */
export function measured({ value, low, high }: Measured, format: Format = number): HTMLElement {
  const said = value === null || !Number.isFinite(value) ? '–' : format(value);
  const figure = make('span', { class: 'figure' }, make('b', {}, said));
  if (value !== null && low != null && high != null && Number.isFinite(low) && Number.isFinite(high)) {
    const interval = make('span', { class: 'interval' }, `${format(low)} to ${format(high)}`);
    figure.append(' ', make('span', { class: 'unseen' }, 'between '), interval);
  }
  return figure;
}

/** One of a row of figures: its name over it, what it is about under it. */
export function figure(name: Term, value: Node | string, more: Child = null, label?: string): HTMLElement {
  const shown = typeof value === 'string' ? make('span', { class: 'figure' }, make('b', {}, value)) : value;
  const about = more === null || more === undefined || more === false ? [] : [make('span', { class: 'about' }, more)];
  return make('div', {}, make('dt', {}, term(name, label)), make('dd', {}, shown, ...about));
}

export const figures = (...all: HTMLElement[]) => make('dl', { class: 'figures' }, ...all);

/** The value and its interval on a common scale, as a small drawing beside the number that says it. */
export function whisker({ value, low, high }: Measured, from: number, to: number, mark: number | null): HTMLElement {
  const bar = make('span', { class: 'whisker', 'aria-hidden': 'true' });
  const at = (x: number) => `${(100 * Math.min(1, Math.max(0, (x - from) / (to - from || 1)))).toFixed(2)}%`;
  const put = (className: string, left: number, right?: number) => {
    const part = make('i', { class: className });
    part.style.setProperty('inset-inline-start', at(left));
    if (right !== undefined) part.style.setProperty('inline-size', `calc(${at(right)} - ${at(left)})`);
    bar.append(part);
  };
  if (mark !== null) put('mark', mark);
  if (low != null && high != null) put('range', low, high);
  if (value !== null) put('dot', value);
  return bar;
}
