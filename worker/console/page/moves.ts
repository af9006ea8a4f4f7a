/** The audit of what was served: every move, by whom, and why. */
import type { DomainStats } from '../../../shared/contracts/stats.ts';
import { term } from './explain.ts';
import { empty, make, refill, table } from './node.ts';
import { edge } from './session.ts';
import { count, moment, short } from './words.ts';

let names = new Map<string, string>();

/** Keys are known by name where they can be read. */
async function readNames(): Promise<void> {
  const keys = await edge.listKeys().catch(() => null);
  if (keys) names = new Map(keys.items.map(({ id, name }) => [id, name]));
}

export async function showMoves(place: HTMLElement, { moves }: DomainStats): Promise<void> {
  if (moves.length === 0) {
    refill(place, empty('Nothing was promoted or rolled back yet. Each move appears here with who did it and why.'));
    return;
  }
  if (moves.some(({ actor }) => actor !== 'gates' && !names.has(actor))) await readNames();
  const rows = moves.map(({ at, from, to, action, actor, note, freed }) => [
    moment(at),
    `${short(from)} → ${short(to)}`.replaceAll(' ', '\u00a0'),
    action === 'promote' ? 'served' : 'rolled back',
    actor === 'gates'
      ? 'its gates passed'
      : make('span', {}, names.get(actor) ?? 'a key', ' ', make('code', {}, actor.slice(0, 8))),
    note || '–',
    freed > 0 ? count(freed) : '–',
  ]);
  refill(
    place,
    table('Moves, newest first', ['When', 'From → to', 'What', 'By whom', 'Why', term('console.freed')], rows),
  );
}
