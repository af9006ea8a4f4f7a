/** One adapter: its gates, its numbers, its recipe, the batches behind it; and what can be done with it. */
import type { AdapterRecord } from '../../../shared/contracts/adapter.ts';
import type { DomainStats } from '../../../shared/contracts/stats.ts';
import { metric, term } from './explain.ts';
import { measured } from './figures.ts';
import { verdict } from './harm.ts';
import { askToMove } from './move.ts';
import { button, empty, make, note, table } from './node.ts';
import { count, moment, short } from './words.ts';

export function showAdapter(adapter: AdapterRecord, stats: DomainStats, done: () => Promise<void>): HTMLElement {
  const { sha, stage, parent, preferences, createdAt, liveAt, runtime, gates, metrics, files, batches } = adapter;
  const isLive = sha === stats.domain.live;
  const facts: [string, Node | string][] = [
    ['Hash', make('code', { class: 'whole' }, sha)],
    ['Grew from', parent === null ? `the base ${adapter.baseModel}` : make('code', {}, short(parent))],
    ['Trained', `${moment(createdAt)}${runtime ? `, by ${runtime}` : ''}`],
    ['Served', liveAt === null ? 'never' : `since ${moment(liveAt)}${isLive ? '' : `; now ${stage}`}`],
    ['Votes', `${count(preferences)} in ${count(batches.length)} ${batches.length === 1 ? 'batch' : 'batches'}`],
    [
      'Batches',
      batches.length === 0
        ? 'none: it was made elsewhere'
        : make('span', {}, ...batches.flatMap((id) => [make('code', {}, id), ' '])),
    ],
    ['Files', files.map(({ name, bytes }) => `${name} (${size(bytes)})`).join(', ')],
  ];
  const names = Object.keys(metrics);
  return make(
    'div',
    { class: 'detail' },
    make('div', { class: 'actions' }, ...actions(adapter, stats, done)),
    make('h2', {}, 'Gates'),
    gates.length === 0
      ? empty('No gate was measured for this one.')
      : table(
          `Gates of ${short(sha)}`,
          ['Gate', 'Measured'],
          gates.map((gate) => [term(`gate.${gate.name}`), verdict(gate)]),
        ),
    make(
      'details',
      { 'data-key': 'numbers' },
      make('summary', {}, `All numbers of its training (${names.length})`),
      names.length === 0
        ? note('None were reported.')
        : table(
            'Metrics',
            ['Number', 'Value'],
            names.map((name) => [metric(name), measured({ value: metrics[name] ?? null })]),
          ),
    ),
    make(
      'details',
      { 'data-key': 'recipe' },
      make('summary', {}, `Recipe: ${adapter.recipe.method}`),
      table(
        'Recipe',
        ['Setting', 'Value'],
        Object.entries(adapter.recipe).map(([name, value]) => [
          name,
          make('code', {}, typeof value === 'string' ? value : JSON.stringify(value)),
        ]),
      ),
    ),
    make(
      'details',
      { 'data-key': 'facts' },
      make('summary', {}, 'Where it comes from'),
      make(
        'dl',
        { class: 'facts' },
        ...facts.map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, value))),
      ),
    ),
  );
}

function actions({ sha, liveAt }: AdapterRecord, stats: DomainStats, done: () => Promise<void>): HTMLElement[] {
  if (sha === stats.domain.live) return [note('This one answers now.')];
  const serve = button('Serve this adapter…', () => askToMove({ stats, done, to: sha, action: 'promote' }));
  if (liveAt === null) return [serve];
  return [button('Roll back to this…', () => askToMove({ stats, done, to: sha, action: 'rollback' })), serve];
}

const size = (bytes: number) => (bytes < 1e6 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
