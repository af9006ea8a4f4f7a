/** Who votes: how much of what they say others find too, and whose votes are worth a look, and why. */
import type { Rater, Suspicion } from '../../../shared/contracts/rater.ts';
import { writeAddress } from './address.ts';
import { meaningOf, term } from './explain.ts';
import { measured } from './figures.ts';
import { type Child, empty, make, note, refill, table } from './node.ts';
import { TERMS } from './terms.ts';
import { count, fixed, plural, signed } from './words.ts';

/** A table of more rows helps nobody: those who vote most say most. */
const MOST_ROWS = 200;
const SUSPICIONS: Suspicion[] = ['disagrees', 'place', 'haste', 'sameAnswer'];

export const points = (share: number) => signed(100 * share, 0);

export function showRaters(place: HTMLElement, domain: string, raters: Rater[]): void {
  if (raters.length === 0) {
    refill(place, empty('Everybody who votes under a name of their own gets a line here.'));
    return;
  }
  const heads = [
    'Person',
    'Suspicion',
    term('console.raterVotes'),
    term('console.checked'),
    term('console.informedness'),
    term('console.position', 'First place'),
    term('console.latency'),
  ];
  const rows = raters.slice(0, MOST_ROWS).map((rater) => rowOf(rater, domain));
  const suspected = raters.filter(({ suspicions }) => suspicions.length > 0);
  const said =
    suspected.length === 0
      ? 'Nobody’s votes raise a suspicion.'
      : `The votes of ${plural(suspected.length, 'person', 'people')} of ${count(raters.length)} are worth a look. That is no verdict.`;
  refill(place, note(said), table('People, most votes first', heads, rows), rules());
}

function rowOf(rater: Rater, domain: string): Child[] {
  const { user, votes, checked, informedness, informednessLow, informednessHigh, position, medianLatencyMs } = rater;
  return [
    make('a', { href: writeAddress(domain, 'people', user) }, user),
    sayDoubts(rater),
    count(votes),
    count(checked),
    measured({ value: informedness, low: informednessLow, high: informednessHigh }, fixed),
    position ? measured(position, points) : '–',
    medianLatencyMs === null ? '–' : `${(medianLatencyMs / 1000).toFixed(1)} s`,
  ];
}

function sayDoubts({ suspicions }: Rater): Child {
  if (suspicions.length === 0) return '–';
  const doubts = suspicions.map((name) => make('div', { class: 'failed' }, term(`people.${name}`)));
  return make('div', {}, ...doubts);
}

/** What raises a suspicion, with its thresholds, in the words of docs/metrics.md. */
function rules(): HTMLElement {
  const entries = SUSPICIONS.flatMap((name) => [
    make('dt', {}, TERMS[`people.${name}`]),
    make('dd', {}, ...meaningOf(`people.${name}`)),
  ]);
  return make(
    'details',
    { 'data-key': 'suspicions' },
    make('summary', {}, 'What raises a suspicion'),
    note('None is raised on fewer than 20 votes of the kind.'),
    make('dl', { class: 'rules' }, ...entries),
  );
}
