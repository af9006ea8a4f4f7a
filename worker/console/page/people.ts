/** People: do they agree, do they favour a place, whose votes say little, and which model do they like best? */
import type { RaterReport } from '../../../shared/contracts/rater.ts';
import { writeAddress } from './address.ts';
import { figure, figures, measured } from './figures.ts';
import { empty, make, note, refill, section } from './node.ts';
import { showModels } from './people-models.ts';
import { points, showRaters } from './people-raters.ts';
import { openPerson } from './person.ts';
import { edge, isMissing, sayError } from './session.ts';
import { title, type View } from './view.ts';
import { count, fixed, votes } from './words.ts';

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
      showRaters(people, domain, []);
      showModels(models, []);
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
    showRaters(people, domain, raters);
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
