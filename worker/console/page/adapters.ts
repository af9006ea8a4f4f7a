/** Adapters: what the votes became, who descends from whom, which one answers; and how to change that. */
import type { AdapterRecord } from '../../../shared/contracts/adapter.ts';
import type { DomainStats } from '../../../shared/contracts/stats.ts';
import { showAdapter } from './adapter.ts';
import { writeAddress } from './address.ts';
import type { Feed } from './feed.ts';
import { layOut, type Row } from './lineage.ts';
import { drawRow } from './lineage-graph.ts';
import { askToMove } from './move.ts';
import { showMoves } from './moves.ts';
import { button, empty, make, note, refill, section } from './node.ts';
import { title, type View } from './view.ts';
import { ago, list, plural, short, votes } from './words.ts';

export const openAdapters: View = ({ place, domain, rest: [chosen], refresh }) => {
  const lead = make('p', { class: 'lead' });
  const graph = make('ol', { class: 'lineage' });
  const moves = make('div');
  place.append(title('What did the votes become?'), lead, graph, section('Who changed what answers', moves));
  let shown: DomainStats | null = null;
  let isFresh = true;

  function draw({ stats, now }: Feed): void {
    if (!stats) return;
    refill(
      lead,
      ...leadOf(stats),
      ' ',
      stats.domain.live === null ? '' : button('Roll back…', () => askToMove({ stats, done: refresh, to: undefined })),
    );
    if (stats.adapters.length === 0) {
      refill(
        graph,
        make(
          'li',
          { class: 'alone' },
          empty(
            `After ${votes(stats.domain.batchSize)} the first adapter appears here, above the base that it grew from.`,
          ),
        ),
      );
      return;
    }
    const { rows, lanes } = layOut(stats.adapters, stats.domain.head);
    graph.style.setProperty('--lanes', String(lanes));
    refill(graph, ...rows.map((row) => drawItem(row, lanes, stats, now)));
    if (isFresh && chosen) graph.querySelector('.chosen')?.scrollIntoView({ block: 'nearest' });
    isFresh = false;
  }

  function drawItem(row: Row<AdapterRecord>, lanes: number, stats: DomainStats, now: number): HTMLElement {
    const { adapter } = row;
    const { live, baseModel } = stats.domain;
    const isLive = adapter === null ? live === null : adapter !== undefined && adapter.sha === live;
    if (!adapter) {
      const words =
        adapter === null
          ? ['The base, ', make('code', {}, baseModel), ...(isLive ? [' ', mark('live')] : [])]
          : [note('Earlier adapters; the newest 100 are shown.')];
      return make('li', {}, drawRow(row, lanes, isLive), make('div', { class: 'row' }, make('p', {}, ...words)));
    }
    const isChosen = chosen !== undefined && adapter.sha.startsWith(chosen);
    const failed = adapter.gates.filter(({ passed }) => !passed);
    const words = list(failed.map(({ name }) => name));
    const state =
      failed.length > 0
        ? adapter.liveAt === null
          ? `held back by ${words}`
          : `served although ${words} failed`
        : adapter.liveAt === null
          ? 'never served'
          : adapter.stage === 'live'
            ? 'live'
            : 'served before';
    const line = make(
      'a',
      {
        class: 'adapter',
        href: writeAddress(domain, 'adapters', ...(isChosen ? [] : [adapter.sha])),
        'aria-expanded': isChosen ? 'true' : 'false',
      },
      make('code', {}, short(adapter.sha)),
      ' learned from ',
      make('b', {}, votes(adapter.preferences)),
    );
    const marks = [...(isLive ? [mark('live')] : []), ...(adapter.sha === stats.domain.head ? [mark('head')] : [])];
    const about = make(
      'span',
      { class: failed.length > 0 ? 'about failed' : 'about' },
      `${isLive && failed.length === 0 ? 'answers now' : state} · ${ago(now - adapter.createdAt)}`,
    );
    const item = make(
      'li',
      { class: isChosen ? 'chosen' : '' },
      drawRow(row, lanes, isLive),
      make('div', { class: 'row' }, make('p', {}, line, ' ', ...marks), about),
    );
    item.dataset.sha = adapter.sha;
    if (isChosen) item.lastElementChild?.append(showAdapter(adapter, stats, refresh));
    return item;
  }

  return {
    update: (feed) => {
      if (!feed.stats || feed.stats === shown) return;
      shown = feed.stats;
      draw(feed);
      void showMoves(moves, feed.stats);
    },
  };
};

const mark = (word: 'live' | 'head') => make('span', { class: `mark ${word}` }, word);

function leadOf({ domain, adapters }: DomainStats): (Node | string)[] {
  if (adapters.length === 0) return ['The base answers: nothing was trained yet.'];
  const served = domain.live === null ? 'The base answers' : `${short(domain.live)} answers`;
  if (domain.head === domain.live) return [`${served}, and training goes on from it.`];
  const after =
    adapters.findIndex(({ sha }) => sha === domain.head) - adapters.findIndex(({ sha }) => sha === domain.live);
  const ahead = domain.live !== null && after > 0 ? `, ${plural(after, 'adapter')} later` : '';
  return [`${served}. Training goes on from ${short(domain.head)}${ahead}.`];
}
