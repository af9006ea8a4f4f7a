/** Now: what was learned last, from what, what comes in, and what asks for somebody. */
import { findAlarms } from '../../../shared/alarms/alarms.ts';
import { withCounts } from '../../../shared/alarms/sight.ts';
import type { Batch } from '../../../shared/contracts/batch.ts';
import { writeAddress } from './address.ts';
import { gateOf } from './curves.ts';
import { term } from './explain.ts';
import type { Feed } from './feed.ts';
import { figure, figures, measured } from './figures.ts';
import { button, empty, make, note, refill, section, table } from './node.ts';
import { openPlot } from './plot.ts';
import { edge, sayError } from './session.ts';
import { title, type View } from './view.ts';
import { ago, count, percent, plural, short, votes } from './words.ts';

const MINUTES = 60;

export const openNow: View = ({ place, domain, refresh }) => {
  const heading = title('…');
  const lead = make('p', { class: 'lead' });
  const alarms = make('ul', { class: 'alarms' });
  const rhythm = openPlot('How many votes come in?');
  const where = make('div');
  const batches = make('div');
  place.append(
    heading,
    lead,
    alarms,
    rhythm.node,
    section('Where the votes are', where),
    section('Batches under way', batches),
  );
  let listed = '';

  async function listBatches({ stats, now }: Feed): Promise<void> {
    const counts = JSON.stringify(stats?.batches);
    if (!stats || counts === listed) return;
    listed = counts;
    try {
      const lists = await Promise.all(
        (['quarantined', 'leased', 'ready'] as const).map((state) =>
          stats.batches[state] > 0 ? edge.listBatches({ domain, state }) : { items: [] },
        ),
      );
      const items = lists.flatMap(({ items }) => items).slice(0, 20);
      const rows = items.map((batch) => [
        short(batch.id),
        stateOf(batch, now),
        count(batch.preferences.length),
        plural(batch.attempts, 'attempt'),
        whatNext(batch),
      ]);
      refill(
        batches,
        items.length > 0
          ? table('Batches that are not completed', ['Batch', 'State', 'Votes', 'Tries', 'What then'], rows)
          : empty('Nothing is being trained. The next batch appears here when enough votes wait.'),
      );
    } catch (error) {
      listed = '';
      refill(batches, note(`The batches could not be read: ${sayError(error)}`));
    }
  }

  function whatNext(batch: Batch): Node | string {
    if (batch.state !== 'quarantined') return batch.error ? `failed before: ${batch.error}` : '';
    const again = button('Put it back', async () => {
      again.disabled = true;
      try {
        await edge.requeueBatch(batch.id);
      } catch (error) {
        again.disabled = false;
        again.after(note(sayError(error)));
        return;
      }
      await refresh();
    });
    return make('span', {}, batch.error ?? 'no reason was given', ' ', again);
  }

  return {
    update: (feed) => {
      const { stats, live, error, now } = feed;
      if (error && !stats) return refill(alarms, make('li', { class: 'alarm' }, error));
      if (!stats) return;
      sayLearned(heading, lead, feed);
      const found = findAlarms(withCounts(stats, live), now);
      const items = found.map(({ level, words, view, rest = [] }) =>
        make(
          'li',
          { class: level },
          make('span', { class: 'unseen' }, level === 'alarm' ? 'Alarm: ' : 'Notice: '),
          words,
          ' ',
          view === 'now' ? '' : make('a', { href: writeAddress(domain, view, ...rest) }, 'Look'),
        ),
      );
      refill(
        alarms,
        ...(items.length > 0
          ? items
          : [
              make(
                'li',
                { class: 'calm' },
                'Nothing asks for you: no failed gate, no displacement, no batch set aside.',
              ),
            ]),
      );
      showRhythm(rhythm, live?.votesPerMinute ?? [], live !== null);
      showVotes(where, feed);
      void listBatches(feed);
    },
    leave: rhythm.close,
  };
};

function sayLearned(heading: HTMLElement, lead: HTMLElement, { stats, domain, now }: Feed): void {
  const newest = stats?.adapters.at(-1);
  if (!stats) return;
  if (!newest) {
    heading.textContent = 'Nothing learned yet';
    refill(
      lead,
      `The first adapter comes after ${votes(stats.domain.batchSize)}, or when the oldest has waited ${plural(stats.domain.maxWaitSeconds, 'second')}.`,
    );
    return;
  }
  const words = `Learned from ${votes(newest.preferences)}, ${ago(now - newest.createdAt)}`;
  if (heading.textContent !== words) heading.textContent = words;
  const state =
    newest.sha === stats.domain.live ? ' and it answers now.' : ` and it waits; ${short(stats.domain.live)} answers.`;
  const accuracy = gateOf(newest, 'accuracy');
  refill(
    lead,
    'That made ',
    make('a', { href: writeAddress(domain, 'adapters', newest.sha) }, short(newest.sha)),
    state,
    ...(accuracy?.value == null
      ? []
      : [' ', make('span', { class: 'key' }, term('gate.accuracy'), ' ', measured(accuracy, percent))]),
  );
}

function showRhythm(plot: ReturnType<typeof openPlot>, perMinute: number[], isHeard: boolean): void {
  const last = perMinute.length - 1;
  const isQuiet = perMinute.every((n) => n === 0);
  plot.update({
    x: isQuiet ? [] : perMinute.map((_, minute) => minute - last),
    names: perMinute.map((_, minute) =>
      minute === last ? 'in the running minute' : `${plural(last - minute, 'minute')} ago`,
    ),
    xUnit: 'min',
    lines: [{ term: 'console.votesPerMinute', points: perMinute.map((value) => ({ value })) }],
    format: count,
    missing: isHeard
      ? `No vote came in during the last ${MINUTES} minutes. Each one appears here within two seconds.`
      : 'Each vote appears here within two seconds, as soon as the edge is heard.',
    isBars: true,
  });
}

function showVotes(place: HTMLElement, { stats, live }: Feed): void {
  if (!stats) return;
  const { preferences: of, notTrainable } = live ?? stats;
  const reasons = Object.entries(notTrainable).sort(([, one], [, other]) => other - one);
  const figure0 = (name: Parameters<typeof figure>[0], n: number, more = '') => figure(name, count(n), more);
  refill(
    place,
    figures(
      figure0('console.waiting', of.waiting, `a batch is ${stats.domain.batchSize}`),
      figure0('console.batched', of.batched),
      figure0('console.consumed', of.consumed),
      figure0('console.heldOut', of.heldOut, 'judge the gates'),
      figure0(
        'console.notTrainable',
        of.notTrainable,
        reasons
          .slice(0, 3)
          .map(([reason, n]) => `${count(n)} ${reason}`)
          .join(', '),
      ),
      ...(of.superseded > 0 ? [figure0('console.superseded', of.superseded)] : []),
      ...(of.quarantined > 0 ? [figure0('console.quarantined', of.quarantined)] : []),
    ),
  );
}

function stateOf({ state, runner, leaseExpiresAt }: Batch, now: number): string {
  if (state === 'leased')
    return `with ${runner ?? 'a runner'}, for ${plural(Math.max(0, Math.round(((leaseExpiresAt ?? now) - now) / 1000)), 'second')} more`;
  return state === 'ready' ? 'ready for a runner' : 'set aside';
}
