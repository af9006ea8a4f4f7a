/** One small line chart: a title-sized question, axes with units, the interval as a band. Draws SVG, keeps nothing. */

export type Point = { x: number; y: number; low?: number; high?: number };

export type ChartOptions = {
  /** What is read out instead of the picture. */
  label: string;
  xUnit: string;
  yTicks: number[];
  formatY: (value: number) => string;
  /** A dashed line to compare with (chance, the untrained loss). */
  baseline?: { y: number; label: string };
};

const WIDTH = 380;
const HEIGHT = 168;
const LEFT = 40;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 30;

/** The SVG of `points` (sorted by x), as markup made only of numbers and of the labels in `options`. */
export function drawChart(points: Point[], options: ChartOptions): string {
  const [bottom, top] = [Math.min(...options.yTicks), Math.max(...options.yTicks)];
  const [first, last] = [points[0]?.x ?? 0, points.at(-1)?.x ?? 1];
  const x = (value: number) => LEFT + ((value - first) / (last - first || 1)) * (WIDTH - LEFT - RIGHT);
  const clamp = (value: number) => Math.min(top, Math.max(bottom, value));
  const y = (value: number) => TOP + (1 - (clamp(value) - bottom) / (top - bottom)) * (HEIGHT - TOP - BOTTOM);
  const at = (px: number, py: number) => `${px.toFixed(1)},${py.toFixed(1)}`;

  const grid = options.yTicks.map(
    (tick) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick)}" y2="${y(tick)}"/>` +
      `<text x="${LEFT - 6}" y="${y(tick) + 4}" text-anchor="end">${options.formatY(tick)}</text>`,
  );
  const banded = points.filter((point) => point.low !== undefined && point.high !== undefined);
  const upper = banded.map((point) => at(x(point.x), y(point.high ?? 0)));
  const lower = banded.map((point) => at(x(point.x), y(point.low ?? 0))).reverse();
  const band = banded.length > 1 ? `<polygon class="band" points="${[...upper, ...lower].join(' ')}"/>` : '';
  const line = points.map((point) => at(x(point.x), y(point.y))).join(' ');
  const end = points.at(-1);
  const dot = end ? `<circle class="dot" r="3.5" cx="${x(end.x).toFixed(1)}" cy="${y(end.y).toFixed(1)}"/>` : '';
  const height = options.baseline ? y(options.baseline.y) : 0;
  const baseline = options.baseline
    ? `<line class="chance" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${height}" y2="${height}"/>`
    : '';
  // Over the curve, which would run through it.
  const name = options.baseline
    ? `<text class="name-of-line" x="${WIDTH - RIGHT}" y="${height - 5}" text-anchor="end">${options.baseline.label}</text>`
    : '';
  const axis =
    `<text x="${LEFT}" y="${HEIGHT - 8}">${Math.round(first)}</text>` +
    `<text x="${WIDTH - RIGHT}" y="${HEIGHT - 8}" text-anchor="end">${Math.round(last)} ${options.xUnit}</text>`;
  return (
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${options.label}">` +
    `${grid.join('')}${band}${baseline}<polyline class="line" points="${line}"/>${dot}${name}${axis}</svg>`
  );
}
