/** From a picture to what uPlot draws of it. */
import uPlot from 'uplot';
import type { Bound, Picture } from './picture.ts';
import { band, colours, mark } from './plot-colours.ts';

export const HEIGHT = 170;

/** Of every line its values, and the upper and the lower end of its interval. */
export function dataOf({ x, lines }: Picture): uPlot.AlignedData {
  const finite = (value: number | null | undefined) => (value != null && Number.isFinite(value) ? value : null);
  const columns = lines.flatMap(({ points }) => [
    points.map(({ value }) => finite(value)),
    points.map(({ high }) => finite(high)),
    points.map(({ low }) => finite(low)),
  ]);
  return [x, ...columns] as uPlot.AlignedData;
}

export function optionsOf(
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
      ...lines.flatMap(({ isSoft }): uPlot.Series[] => [
        {
          stroke: isSoft ? colours.soft : colours.accent,
          width: isBars ? 0 : 2,
          ...(isSoft && { dash: [5, 4] }),
          ...(isBars && {
            fill: colours.accent,
            paths: uPlot.paths.bars?.({ size: [0.7, 40] }) as uPlot.Series.PathBuilder,
          }),
          points: {
            show: isShort && !isBars,
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
