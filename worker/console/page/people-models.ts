/** Which of the models people like best, by Bradley and Terry. */
import type { RaterReport } from '../../../shared/contracts/rater.ts';
import { term } from './explain.ts';
import { measured, whisker } from './figures.ts';
import { empty, make, refill, table } from './node.ts';
import { count, short, signed } from './words.ts';

const NONE =
  'When people have compared outputs of two adapters, or of an adapter and the base, their strengths stand here.';

export function showModels(place: HTMLElement, models: RaterReport['models']): void {
  if (models.length < 2) {
    refill(place, empty(NONE));
    return;
  }
  const sorted = models.toSorted((one, other) => other.strength - one.strength);
  const [from, to] = [Math.min(...models.map(({ low }) => low)), Math.max(...models.map(({ high }) => high))];
  const rows = sorted.map((model) => [
    model.adapter === 'other'
      ? 'all others'
      : model.adapter === null
        ? 'the base'
        : make('code', {}, short(model.adapter)),
    whisker({ value: model.strength, low: model.low, high: model.high }, from, to, 0),
    measured({ value: model.strength, low: model.low, high: model.high }, signed),
    count(model.n),
  ]);
  refill(place, table('Models by strength', ['Model', 'On one scale', term('console.strength'), 'Comparisons'], rows));
}
