/**
 * One picture that answers one question: its title asks, the reading under it says the newest point in words, arrow keys and the
 * pointer walk along the curve, and the same numbers stand in a table. The drawing is uPlot's; the rest is ours.
 */
import uPlot from 'uplot';
import { term } from './explain.ts';
import { type Measured, measured } from './figures.ts';
import { empty, make, refill, table } from './node.ts';
import { band, colours, mark } from './plot-colours.ts';
import type { Term } from './terms.ts';

export type Line = { term: Term; points: Measured[]; isSoft?: boolean; isFaint?: boolean };
export type Bound = { y: number; label: string };

export type Picture = {
  x: number[];
  /** What each point is, for the reading: "adapter 3f2a91bc, after 480 votes". */
  names: string[];
  xUnit: string;
  lines: Line[];
  bounds?: Bound[];
  /** Always in sight, so that noise does not fill the picture. */
  show?: number[];
  format: (value: number) => string;
  missing: string;
  isBars?: boolean;
};

export type Plot = { node: HTMLElement; update(picture: Picture): void; close(): void };

const HEIGHT = 170;
/** A table of more rows helps nobody. */
const MOST_ROWS = 200;

export function openPlot(question: string, sync: string | null = null): Plot {
  const heading = make('figcaption', {}, make('h2', {}, question));
  const reading = make('p', { class: 'reading' });
  const canvas = make('div', {
    class: 'canvas',
    tabindex: 0,
    role: 'group',
    'aria-label': `${question} Arrow keys read it point by point.`,
  });
  const numbers = make('div');
  const unfolded = make('details', { 'data-key': question }, make('summary', {}, 'As numbers'), numbers);
  const node = make('figure', { class: 'plot' }, heading, reading, canvas, unfolded);
  let picture: Picture | null = null;
  let plot: uPlot | null = null;
  let drawn = '';
  let stopped = () => {};

  const last = () => (picture?.x.length ?? 0) - 1;

  function read(index: number, isSaid = false): void {
    if (!picture) return;
    const at = Math.min(Math.max(index, 0), last());
    const parts = picture.lines
      .filter(({ isFaint }) => !isFaint)
      .flatMap(({ term: name, points, isSoft }) => [
        make(
          'span',
          { class: isSoft ? 'key soft' : 'key' },
          term(name),
          ' ',
          measured(points[at] ?? { value: null }, picture?.format),
        ),
      ]);
    reading.setAttribute('aria-live', isSaid ? 'polite' : 'off');
    refill(reading, ...parts, make('span', { class: 'where' }, picture.names[at] ?? ''));
  }

  function tabulate(): void {
    if (!picture || !unfolded.open) return;
    const { lines, names, format, x } = picture;
    const shown = lines.filter(({ isFaint }) => !isFaint);
    const rows = x.map((_, at) => [
      names[at] ?? '',
      ...shown.map(({ points }) => measured(points[at] ?? { value: null }, format)),
    ]);
    refill(
      numbers,
      table(
        question,
        [picture.xUnit, ...shown.map(({ term: name }) => term(name))],
        rows.toReversed().slice(0, MOST_ROWS),
      ),
    );
  }

  function render(): void {
    if (!picture) return;
    plot?.destroy();
    stopped();
    canvas.replaceChildren();
    const made = new uPlot(
      optionsOf(picture, canvas.clientWidth || 320, sync, (index) => read(index ?? last())),
      dataOf(picture),
      canvas,
    );
    plot = made;
    const sized = new ResizeObserver(() => {
      if (canvas.clientWidth > 0 && canvas.clientWidth !== made.width)
        made.setSize({ width: canvas.clientWidth, height: HEIGHT });
    });
    sized.observe(canvas);
    stopped = () => sized.disconnect();
  }

  canvas.addEventListener('keydown', (event) => {
    if (!plot || !picture) return;
    const now = plot.cursor.idx ?? last();
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last() }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const index = Math.min(Math.max(to, 0), last());
    plot.setCursor({ left: plot.valToPos(picture.x[index] ?? 0, 'x'), top: 10 });
    read(index, true);
  });
  canvas.addEventListener('blur', () => plot?.setCursor({ left: -10, top: -10 }));
  unfolded.addEventListener('toggle', tabulate);
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  const recolour = () => plot?.redraw(false, true);
  scheme.addEventListener('change', recolour);

  return {
    node,
    update: (next) => {
      const facts = JSON.stringify([next.x, next.lines, next.bounds]);
      if (facts === drawn) return;
      drawn = facts;
      picture = next;
      const isEmpty = next.x.length === 0;
      canvas.hidden = unfolded.hidden = reading.hidden = isEmpty;
      node.querySelector('.empty')?.remove();
      if (isEmpty) return node.append(empty(next.missing));
      // Into the page first: a drawing needs to know how wide it is.
      requestAnimationFrame(render);
      read(last());
      tabulate();
    },
    close: () => {
      scheme.removeEventListener('change', recolour);
      stopped();
      plot?.destroy();
    },
  };
}

function dataOf({ x, lines }: Picture): uPlot.AlignedData {
  const finite = (value: number | null | undefined) => (value != null && Number.isFinite(value) ? value : null);
  const columns = lines.flatMap(({ points }) => [
    points.map(({ value }) => finite(value)),
    points.map(({ high }) => finite(high)),
    points.map(({ low }) => finite(low)),
  ]);
  return [x, ...columns] as uPlot.AlignedData;
}

function optionsOf(
  picture: Picture,
  width: number,
  sync: string | null,
  pointed: (index: number | null) => void,
): uPlot.Options {
  const { lines, bounds = [], format, xUnit, isBars } = picture;
  const always = [...bounds.map(({ y }) => y), ...(picture.show ?? [])];
  const axis = {
    stroke: colours.soft,
    grid: { stroke: colours.line, width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  const isShort = picture.x.length <= 40;
  return {
    width,
    height: HEIGHT,
    padding: [10, isBars ? 20 : 10, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 8 },
      ...(sync && { sync: { key: sync, setSeries: false } }),
    },
    scales: {
      x: { time: false, range: (_, from, to) => (isBars || from === to ? [from - 0.5, to + 0.5] : [from, to]) },
      y: { range: (_, from, to) => spread(Math.min(from ?? 0, ...always), Math.max(to ?? 0, ...always), isBars) },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 34,
        space: 60,
        values: (_, ticks) =>
          ticks.map((tick, index) =>
            Number.isInteger(tick) ? `${format0(tick)}${index === ticks.length - 1 ? ` ${xUnit}` : ''}` : '',
          ),
      },
      { ...axis, size: 46, space: 34, values: (_, ticks) => ticks.map((tick) => tickOf(tick, ticks, format)) },
    ],
    series: [
      {},
      ...lines.flatMap(({ isSoft, isFaint }): uPlot.Series[] => [
        {
          stroke: isSoft || isFaint ? colours.soft : colours.accent,
          width: isFaint ? 1 : 2,
          ...(isFaint && { alpha: 0.45 }),
          ...(isSoft && { dash: [5, 4] }),
          ...(isBars && {
            fill: colours.accent,
            paths: uPlot.paths.bars?.({ size: [0.7, 40] }) as uPlot.Series.PathBuilder,
          }),
          points: {
            show: isShort && !isBars && !isFaint,
            size: 6,
            fill: isSoft ? colours.soft : colours.accent,
            width: 0,
          },
        },
        { stroke: 'transparent', width: 0, points: { show: false } },
        { stroke: 'transparent', width: 0, points: { show: false } },
      ]),
    ],
    bands: lines.flatMap((_, index) => [{ series: [3 * index + 2, 3 * index + 3] as [number, number], fill: band }]),
    hooks: {
      draw: [(drawing) => mark(drawing, merge(bounds))],
      setCursor: [({ cursor }) => pointed(cursor.idx ?? null)],
    },
  };
}

const format0 = (value: number) => value.toLocaleString('en').replace('-', '−');

/** A little air; bars stand on zero. */
function spread(from: number, to: number, isBars = false): [number, number] {
  if (isBars) return [0, Math.max(4, to * 1.1)];
  const air = (to - from) * 0.08 || Math.abs(to) * 0.1 || 1;
  return [from - air, to + air];
}

/** As exact as the ticks are apart. */
function tickOf(tick: number, ticks: number[], format: (value: number) => string): string {
  const said = format(tick);
  if (said.endsWith('%') || Number.isInteger(tick)) return said.replace(/\.0+$/, '');
  const apart = Math.abs((ticks[1] ?? 1) - (ticks[0] ?? 0));
  const digits = [0, 1, 2, 3, 4, 5].find(
    (each) => Math.abs(apart * 10 ** each - Math.round(apart * 10 ** each)) < 1e-6,
  );
  return tick.toFixed(digits ?? 6).replace('-', '−');
}

/** Two names at the same height stand beside each other. */
function merge(bounds: readonly Bound[]): Bound[] {
  const heights = [...new Set(bounds.map(({ y }) => y))];
  return heights.map((y) => ({
    y,
    label: bounds
      .filter((bound) => bound.y === y)
      .map(({ label }) => label)
      .join(', '),
  }));
}
