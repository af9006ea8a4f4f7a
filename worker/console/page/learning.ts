/** Learning: is it getting better, and is the alarm of displacement silent? Every curve over the votes that were learned from. */
import {
  type Axis,
  agreementLine,
  gateLine,
  gateOf,
  hasValues,
  metricLine,
  stepLine,
  type Track,
  trackOf,
} from './curves.ts';
import type { Feed } from './feed.ts';
import type { Measured } from './figures.ts';
import { empty, make, note } from './node.ts';
import { type Bound, type Line, openPlot, type Picture } from './plot.ts';
import type { Term } from './terms.ts';
import { title, type View } from './view.ts';
import { fixed, number, percent, plural, short, votes } from './words.ts';

type Curve = {
  question: string;
  missing: string;
  draw(track: Track, feed: Feed): Partial<Picture> & { lines: Line[] };
};

const line = (term: Term, points: Measured[], more: Partial<Line> = {}): Line => ({ term, points, ...more });

function boundOf(track: Track, name: Parameters<typeof gateOf>[1]): Bound[] {
  const bound = track.adapters.map((adapter) => gateOf(adapter, name)?.bound).findLast((value) => value != null);
  return bound == null ? [] : [{ y: bound, label: 'bound' }];
}

const CURVES: Curve[] = [
  {
    question: 'Does it agree with votes it has not seen yet?',
    missing: 'Appears with the second adapter of the line: it is asked before it trains.',
    draw: (track) => ({
      lines: [line('accuracyBefore', agreementLine(track))],
      bounds: [{ y: 0.5, label: 'a coin' }],
      show: [1],
      format: percent,
    }),
  },
  {
    question: 'Does it agree with votes it never trains on?',
    missing: 'Appears when a batch was trained and some votes are held out.',
    draw: (track) => ({
      lines: [line('gate.accuracy', gateLine(track, 'accuracy'))],
      bounds: [...boundOf(track, 'accuracy'), { y: 0.5, label: 'a coin' }],
      show: [1],
      format: percent,
    }),
  },
  {
    question: 'Is the loss falling?',
    missing: 'Appears with the first adapter.',
    draw: (track) => ({
      lines: [line('loss', metricLine(track, 'loss'))],
      bounds: [{ y: Math.LN2, label: 'knows nothing: 0.69' }],
      format: fixed,
    }),
  },
  {
    question: 'How far apart are chosen and rejected?',
    missing: 'Appears with the first adapter.',
    draw: (track) => ({ lines: [line('margin', metricLine(track, 'margin'))], show: [0], format: number }),
  },
  {
    question: 'Do chosen answers stay likely?',
    missing: 'Appears with the first adapter of texts.',
    draw: (track) => ({
      lines: [
        line('logpsChosen', metricLine(track, 'logpsChosen')),
        line('logpsRejected', metricLine(track, 'logpsRejected'), { isSoft: true }),
      ],
      format: number,
    }),
  },
  {
    question: 'Are preferred answers displaced?',
    missing: 'Appears with the first adapter.',
    draw: (track) => ({
      lines: [line('gate.displacement', gateLine(track, 'displacement'))],
      bounds: [...boundOf(track, 'displacement'), { y: 0, label: 'as under the base' }],
      format: fixed,
    }),
  },
  {
    question: 'How far has it drifted from the base?',
    missing: 'Appears with the first adapter of texts.',
    draw: (track) => ({
      lines: [line('gate.kl', gateLine(track, 'kl'))],
      bounds: boundOf(track, 'kl'),
      show: [0],
      format: fixed,
    }),
  },
  {
    question: 'Are answers getting longer?',
    missing: 'Appears with the first adapter of texts.',
    draw: (track) => {
      const [bound] = boundOf(track, 'length');
      const bounds = bound ? [bound, { y: 1 / bound.y, label: 'lower bound' }] : [];
      return {
        lines: [line('gate.length', gateLine(track, 'length'))],
        bounds: [...bounds, { y: 1, label: 'as the base' }],
        format: fixed,
      };
    },
  },
];

const PICTURES: Curve = {
  question: 'How far off is it on pictures of each side?',
  missing: 'Appears with the first adapter of pictures.',
  draw: (track) => ({
    lines: [
      line('errorChosen', metricLine(track, 'errorChosen')),
      line('errorRejected', metricLine(track, 'errorRejected'), { isSoft: true }),
    ],
    format: number,
  }),
};

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
      const drawn = curve.draw(track, feed);
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
      lines: [line('loss', values)],
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
