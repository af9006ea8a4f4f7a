/** Harm: what the gates measured, adapter by adapter, and what nothing measures yet. */
import type { AdapterRecord, Gate } from '../../../shared/contracts/adapter.ts';
import { writeAddress } from './address.ts';
import { gateOf } from './curves.ts';
import { term } from './explain.ts';
import { measured } from './figures.ts';
import { empty, make, refill, section, table } from './node.ts';
import { title, type View } from './view.ts';
import { fixed, percent, plural, short } from './words.ts';

const GATES = ['accuracy', 'displacement', 'kl', 'length'] as const;
const FORMAT = { accuracy: percent, displacement: fixed, kl: fixed, length: (value: number) => `${fixed(value)}×` };

export const openHarm: View = ({ place, domain }) => {
  const heading = title('Did it do harm?');
  const answer = make('p', { class: 'lead' });
  const history = make('div');
  place.append(
    heading,
    answer,
    section('What the gates measured', history),
    section(
      'What it forgot',
      empty(
        'Nothing measures this yet. When several domains share a base, a table will stand here: one row for each domain, one column for each adapter, and how much of the row’s skill the column still has.',
      ),
    ),
    section(
      'Do people like the new one better?',
      empty(
        'Nothing measures this yet: adapters go live when their gates pass. When live traffic is split between two adapters, the share of people who preferred the newer one will stand here, with an interval that stays true however often one looks.',
      ),
    ),
  );
  let shown: unknown = null;
  return {
    update: ({ stats }) => {
      if (!stats || stats === shown) return;
      shown = stats;
      const adapters = stats.adapters.toReversed();
      answer.textContent = summarise(adapters);
      if (adapters.length === 0)
        return refill(
          history,
          empty(
            'With each adapter a row appears here: held-out accuracy, displacement, drift and length, each with its interval and its bound.',
          ),
        );
      const rows = adapters.map((adapter) => [
        make('a', { href: writeAddress(domain, 'adapters', adapter.sha) }, short(adapter.sha)),
        ...GATES.map((name) => verdict(gateOf(adapter, name), true)),
      ]);
      refill(
        history,
        table(
          'Gates of every adapter, newest first',
          ['Adapter', ...GATES.map((name) => headOf(name, adapters))],
          rows,
        ),
      );
    },
  };
};

function summarise(adapters: AdapterRecord[]): string {
  if (adapters.length === 0) return 'Nothing was trained yet, so nothing was harmed.';
  const failed = adapters.filter(({ gates }) => gates.some(({ passed }) => !passed));
  const bounded = adapters.filter(({ gates }) => gates.some(({ bound }) => bound !== null));
  if (bounded.length === 0)
    return `No bound is set: ${plural(adapters.length, 'adapter')} went by with nothing to fail. Set bounds under Settings.`;
  if (failed.length === 0) return `${plural(adapters.length, 'adapter')}, and every gate held.`;
  const held = failed.filter(({ liveAt }) => liveAt === null).length;
  const and = held === failed.length ? ` and ${held === 1 ? 'was' : 'were'} held back` : `, ${held} of them held back`;
  return `${plural(failed.length, 'adapter')} of the last ${adapters.length} failed a gate${and}.`;
}

/** The value, its interval, and in words whether it holds. */
export function verdict(gate: Gate | undefined, isBrief = false): HTMLElement {
  if (!gate) return make('span', { class: 'soft' }, 'not measured');
  const { name, value, bound, passed, reason } = gate;
  const format = FORMAT[name];
  const word = passed ? (bound === null ? 'no bound' : 'holds') : 'failed';
  const about =
    passed && isBrief
      ? ''
      : passed
        ? bound === null
          ? ''
          : `bound ${format(bound)}`
        : (reason ?? (bound === null ? '' : `bound ${format(bound)}`));
  const children = value === null ? [make('span', { class: 'soft' }, 'not measurable')] : [measured(gate, format)];
  return make(
    'span',
    { class: passed ? 'verdict' : 'verdict failed' },
    ...children,
    make('span', { class: 'word' }, word),
    ...(about ? [make('span', { class: 'about' }, about)] : []),
  );
}

/** A column's name, and the bound that holds now. */
function headOf(name: Gate['name'], adapters: AdapterRecord[]): HTMLElement {
  const bound = adapters[0] && gateOf(adapters[0], name)?.bound;
  const said = bound == null ? 'no bound' : `bound ${FORMAT[name](bound)}`;
  return make('span', {}, term(`gate.${name}`), make('span', { class: 'about' }, said));
}
