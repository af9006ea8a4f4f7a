/** People: do they agree, do they favour a place, whose votes say little, and which model do they like best? */
import type { RaterReport, Suspicion } from '../../../shared/contracts/rater.ts';
import { writeAddress } from './address.ts';
import { term } from './explain.ts';
import { figure, figures, measured, whisker } from './figures.ts';
import { empty, make, note, refill, section, table } from './node.ts';
import { openPerson } from './person.ts';
import { edge, isMissing, sayError } from './session.ts';
import { title, type View } from './view.ts';
import { count, fixed, short, signed, votes } from './words.ts';

const SUSPECTED: Record<Suspicion, string> = {
  disagrees: 'disagrees with the others',
  place: 'chooses by the place',
  haste: 'answers too fast to read',
  sameAnswer: 'gives always the same answer',
};

const points = (share: number) => signed(100 * share, 0);

export const openPeople: View = (room) => {
  const { place, domain, rest } = room;
  if (rest[0] !== undefined) return openPerson(room, rest[0]);
  const answer = make('div');
  const people = make('div');
  const models = make('div');
  const find = make('input', { id: 'find-person', type: 'search', autocomplete: 'off', spellcheck: 'false' });
  const look = (event: Event) => {
    event.preventDefault();
    if (find.value.trim()) location.hash = writeAddress(domain, 'people', find.value.trim());
  };
  place.append(
    title('Do people agree?'),
    answer,
    section(
      'Who votes',
      people,
      make(
        'form',
        { class: 'find', submit: look },
        make('label', { for: 'find-person' }, 'Somebody by their id'),
        make('div', { class: 'together' }, find, make('button', { class: 'quiet', type: 'submit' }, 'Show')),
      ),
    ),
    section('Which model do they like best?', models),
  );
  let known = -1;

  async function read(total: number): Promise<void> {
    known = total;
    try {
      show(await edge.getRaters(domain));
    } catch (error) {
      refill(
        answer,
        note(isMissing(error) ? 'This edge does not report on raters.' : `That could not be read: ${sayError(error)}`),
      );
    }
  }

  function show(report: RaterReport): void {
    const { alpha, alphaLow, alphaHigh, position, judgedTwice, raters } = report;
    if (report.votes === 0) {
      refill(
        answer,
        empty(
          'When people have voted, it stands here whether they agree, and whether they choose by the place instead of the output.',
        ),
      );
      refill(people, empty('Everybody who votes under a name of their own gets a line here.'));
      refill(
        models,
        empty(
          'When people have compared outputs of two adapters, or of an adapter and the base, their strengths stand here.',
        ),
      );
      return;
    }
    refill(
      answer,
      make('p', { class: 'lead' }, sayAgreement(report)),
      figures(
        figure(
          'console.alpha',
          measured({ value: alpha, low: alphaLow, high: alphaHigh }, fixed),
          judgedTwice > 0 ? `${count(judgedTwice)} pairs that several judged` : 'no pair was judged twice yet',
        ),
        figure(
          'console.position',
          position ? measured(position, points) : '–',
          position ? `points over half, in ${count(position.n)} choices` : 'no choice says where it was shown',
        ),
      ),
      note(`From the newest ${votes(report.votes)} of ${count(report.people)} people that say which output is better.`),
    );
    const rows = raters
      .slice(0, 200)
      .map((rater) => [
        make('a', { href: writeAddress(domain, 'people', rater.user) }, rater.user),
        count(rater.votes),
        count(rater.checked),
        measured({ value: rater.informedness, low: rater.informednessLow, high: rater.informednessHigh }, fixed),
        rater.position ? measured(rater.position, points) : '–',
        rater.medianLatencyMs === null ? '–' : `${(rater.medianLatencyMs / 1000).toFixed(1)} s`,
        rater.suspicions.length > 0
          ? make('span', { class: 'failed' }, rater.suspicions.map((each) => SUSPECTED[each] ?? each).join(', '))
          : '–',
      ]);
    const heads = [
      term('console.raterVotes'),
      term('console.checked'),
      term('console.informedness'),
      term('console.position', 'First place'),
      term('console.latency'),
    ];
    refill(
      people,
      rows.length > 0
        ? table('People, most votes first', ['Person', ...heads, 'Suspicion'], rows)
        : empty('Everybody who votes under a name of their own gets a line here.'),
    );
    showModels(models, report.models);
  }

  return {
    update: ({ stats, live }) => {
      const of = (live ?? stats)?.preferences;
      if (!of) return;
      const total = Object.values(of).reduce((sum, n) => sum + n, 0);
      // A report is dear: it is read again when a hundredth more has come in, and when the view is opened.
      if (known < 0 || total > known * 1.01 + 5) void read(total);
    },
  };
};

function sayAgreement({ alpha, alphaLow, judgedTwice }: RaterReport): string {
  if (alpha === null || judgedTwice === 0) return 'Nobody judged the same outputs as another, so nothing is known yet.';
  if (alphaLow !== null && alphaLow <= 0) return 'Not that one could tell: by chance they would agree as much.';
  if (alpha < 0.3) return 'A little: tastes differ, and one adapter for everybody can please only some.';
  return alpha < 0.67 ? 'More than chance, with room for tastes.' : 'Yes, to a large part.';
}

function showModels(place: HTMLElement, models: RaterReport['models']): void {
  if (models.length < 2) {
    refill(
      place,
      empty(
        'When people have compared outputs of two adapters, or of an adapter and the base, their strengths stand here.',
      ),
    );
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
