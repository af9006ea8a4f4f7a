/** One row of the graph as a small drawing: as high as its row, whatever is unfolded there. */
import type { Row } from './lineage.ts';
import { draw } from './node.ts';

const LANE = 16;
const DOT_Y = 22;

export const widthOf = (lanes: number) => LANE * lanes + 4;
const x = (lane: number) => LANE * lane + 10;

export function drawRow<T>(
  { lane, passing, joining, goesOn, adapter }: Row<T>,
  lanes: number,
  isLive: boolean,
): SVGElement {
  const line = (at: number, from: string, to: string) => draw('line', { x1: x(at), x2: x(at), y1: from, y2: to });
  return draw(
    'svg',
    { class: 'graph', width: widthOf(lanes), height: '100%', 'aria-hidden': 'true', focusable: 'false' },
    ...passing.map((at) => line(at, '0', '100%')),
    ...joining.map((at) =>
      at === lane
        ? line(at, '0', String(DOT_Y))
        : draw('path', { d: `M${x(at)} 0 C${x(at)} ${DOT_Y * 0.7} ${x(lane)} ${DOT_Y * 0.3} ${x(lane)} ${DOT_Y}` }),
    ),
    ...(goesOn ? [line(lane, String(DOT_Y), '100%')] : []),
    draw('circle', { class: isLive ? 'live' : adapter ? '' : 'base', cx: x(lane), cy: DOT_Y, r: adapter ? 5 : 4 }),
  );
}
