/** What a drawing takes from the page's custom properties, read anew at every drawing. */
import type uPlot from 'uplot';
import type { Bound } from './picture.ts';

const property = (name: string) => () => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const colours = {
  ink: property('--ink'),
  soft: property('--soft'),
  line: property('--line'),
  accent: property('--accent'),
};

export const band = () => property('--tint')();

/** Dashed lines to compare with, each with its name: a bound, chance, what is known beforehand. */
export function mark(drawing: uPlot, bounds: readonly Bound[]): void {
  const { ctx, bbox } = drawing;
  const scale = devicePixelRatio || 1;
  ctx.save();
  ctx.fillStyle = colours.soft();
  ctx.font = `${11.5 * scale}px system-ui, sans-serif`;
  ctx.textAlign = 'right';
  const paper = property('--paper')();
  for (const { y, label } of bounds) {
    ctx.strokeStyle = colours.soft();
    ctx.lineWidth = scale;
    ctx.setLineDash([2 * scale, 4 * scale]);
    const at = Math.round(drawing.valToPos(y, 'y', true));
    ctx.beginPath();
    ctx.moveTo(bbox.left, at);
    ctx.lineTo(bbox.left + bbox.width, at);
    ctx.stroke();
    const isLow = at - 14 * scale < bbox.top;
    ctx.textBaseline = isLow ? 'top' : 'bottom';
    ctx.strokeStyle = paper;
    ctx.lineWidth = 4 * scale;
    ctx.setLineDash([]);
    ctx.lineJoin = 'round';
    ctx.strokeText(label, bbox.left + bbox.width - 4 * scale, isLow ? at + 3 * scale : at - 3 * scale);
    ctx.fillText(label, bbox.left + bbox.width - 4 * scale, isLow ? at + 3 * scale : at - 3 * scale);
  }
  ctx.restore();
}
