/**
 * One picture that answers one question: its title asks, the reading under it says the newest point in words, arrow keys and the
 * pointer walk along the curve, and the same numbers stand in a table. The drawing is uPlot's; the rest is ours.
 */
import uPlot from 'uplot';
import { term } from './explain.ts';
import { measured } from './figures.ts';
import { empty, make, refill, table } from './node.ts';
import type { Picture } from './picture.ts';
import { dataOf, HEIGHT, optionsOf } from './plot-options.ts';

export type Plot = { node: HTMLElement; update(picture: Picture): void; close(): void };

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
  let frame = 0;

  const last = () => (picture?.x.length ?? 0) - 1;

  function read(index: number, isSaid = false): void {
    if (!picture) return;
    const at = Math.min(Math.max(index, 0), last());
    const parts = picture.lines.flatMap(({ term: name, points, isSoft }) => [
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
    const rows = x.map((_, at) => [
      names[at] ?? '',
      ...lines.map(({ points }) => measured(points[at] ?? { value: null }, format)),
    ]);
    refill(
      numbers,
      table(
        question,
        [picture.xUnit, ...lines.map(({ term: name }) => term(name))],
        rows.toReversed().slice(0, MOST_ROWS),
      ),
    );
  }

  function erase(): void {
    stopped();
    plot?.destroy();
    plot = null;
  }

  function render(): void {
    if (!picture) return;
    erase();
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
      cancelAnimationFrame(frame);
      if (isEmpty) {
        erase();
        return node.append(empty(next.missing));
      }
      // Into the page first: a drawing needs to know how wide it is.
      frame = requestAnimationFrame(render);
      read(last());
      tabulate();
    },
    close: () => {
      scheme.removeEventListener('change', recolour);
      cancelAnimationFrame(frame);
      erase();
    },
  };
}
