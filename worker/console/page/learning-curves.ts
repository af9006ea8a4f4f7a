/** The questions that Learning answers, each with the curve that answers it. */
import { agreementLine, gateLine, gateOf, metricLine, type Track } from './curves.ts';
import type { Measured } from './figures.ts';
import type { Bound, Line, Picture } from './picture.ts';
import type { Term } from './terms.ts';
import { fixed, number, percent } from './words.ts';

export type Curve = {
  question: string;
  missing: string;
  draw(track: Track): Partial<Picture> & { lines: Line[] };
};

const line = (term: Term, points: Measured[], more: Partial<Line> = {}): Line => ({ term, points, ...more });

function boundOf(track: Track, name: Parameters<typeof gateOf>[1]): Bound[] {
  const bound = track.adapters.map((adapter) => gateOf(adapter, name)?.bound).findLast((value) => value != null);
  return bound == null ? [] : [{ y: bound, label: 'bound' }];
}

export const CURVES: Curve[] = [
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

export const PICTURES: Curve = {
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
