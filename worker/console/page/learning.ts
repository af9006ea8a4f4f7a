/** Learning: is it getting better, and is the alarm of displacement silent? Every curve over the votes that were learned from. */
import { type Axis, hasValues, stepLine, trackOf } from './curves.ts';
import type { Feed } from './feed.ts';
import { CURVES, PICTURES } from './learning-curves.ts';
import { empty, make, note } from './node.ts';
import { openPlot } from './plot.ts';
import { title, type View } from './view.ts';
import { fixed, number, plural, short, votes } from './words.ts';

const STEPS = 'What did every step of training cost?';

export const openLearning: View = ({ place }) => {
  let axis: Axis = 'votes';
  let feed: Feed | null = null;
  const curves = [...CURVES, PICTURES].map((curve) => ({ ...curve, plot: openPlot(curve.question, 'learning') }));
  const steps = openPlot(STEPS);
  const choose = (value: Axis, label: string) =>
    make(
      'label',
      {},
      make('input', { type: 'radio', name: 'axis', value, checked: value === axis, change: () => draw(value) }),
      label,
    );
  const axes = make(
    'fieldset',
    { class: 'choice' },
    make('legend', {}, 'Along'),
    choose('votes', 'votes learned from'),
    choose('adapters', 'adapters'),
  );
  const grid = make('div', { class: 'plots' }, ...curves.map(({ plot }) => plot.node), steps.node);
  const nothing = empty(
    'The curves begin with the first adapter: a batch of votes is trained, and every number of it becomes a point here.',
  );
  nothing.hidden = true;
  const cut = note();
  place.append(title('Is it learning?'), axes, cut, nothing, grid);

  function draw(along: Axis): void {
    axis = along;
    if (!feed?.stats) return;
    const track = trackOf(feed.stats.adapters, feed.stats.domain.head, axis);
    nothing.hidden = track.x.length > 0;
    cut.hidden = track.cut === 0;
    cut.textContent = `${plural(track.cut, 'adapter')} that a rewind cut off ${track.cut === 1 ? 'is' : 'are'} left out.`;
    grid.hidden = axes.hidden = track.x.length === 0;
    const names = track.adapters.map(
      ({ sha, preferences }, index) =>
        `${short(sha)}, ${axis === 'votes' ? `after ${votes(track.x[index] ?? 0)}` : `from ${votes(preferences)}`}`,
    );
    for (const { plot, missing, ...curve } of curves) {
      const drawn = curve.draw(track);
      const known = drawn.lines.some(({ points }) => hasValues(points));
      if (curve.question === PICTURES.question) plot.node.hidden = !known;
      plot.update({ x: known ? track.x : [], names, xUnit: axis, format: number, missing, ...drawn });
    }
    const { x, values } = stepLine(track);
    steps.update({
      ...{
        x,
        names: x.map((_, step) => `step ${step + 1} of ${x.length} kept`),
        xUnit: axis,
        format: fixed,
        missing: 'Appears with the first adapter.',
      },
      lines: [{ term: 'loss', points: values }],
      bounds: [{ y: Math.LN2, label: 'knows nothing: 0.69' }],
    });
  }

  return {
    update: (now) => {
      if (now.stats && now.stats === feed?.stats) return;
      feed = { ...now };
      draw(axis);
    },
    leave: () => {
      for (const { plot } of curves) plot.close();
      steps.close();
    },
  };
};
