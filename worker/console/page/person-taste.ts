/** What is known of a person's taste, as the numbers that a model is conditioned on, each with how sure it is. */
import type { Embedding } from '../../../shared/contracts/encoder.ts';
import { term } from './explain.ts';
import { figure, figures, measured, whisker } from './figures.ts';
import { make, note, refill, table } from './node.ts';
import { edge } from './session.ts';
import { count, moment, number, plural, short, signed } from './words.ts';

export async function showTaste(
  place: HTMLElement,
  { kind, votes, tokens, width, values, uncertainty, unusable, encoder, updatedAt }: Embedding,
): Promise<void> {
  const basis = kind === 'mixture' ? await edge.getEncoder(encoder).catch(() => null) : null;
  const names = basis?.encoder.kind === 'mixture' ? basis.encoder.basis.map(({ name }) => name) : [];
  const size = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / (values.length || 1));
  const left = unusable.length > 0 ? `${plural(unusable.length, 'vote')} said nothing of a taste` : '';
  const shared =
    uncertainty.length === 1
      ? [figure('console.uncertainty', measured({ value: uncertainty[0] ?? null }), 'of 1 without votes')]
      : [];
  const head = figures(
    figure('console.raterVotes', count(votes), left, 'Computed from'),
    figure(
      'console.embedding',
      kind === 'mixture' ? plural(values.length, 'weight') : `${tokens} × ${width}`,
      `${number(size)} root mean square`,
    ),
    ...shared,
  );
  const span = Math.max(
    1e-9,
    ...values.map((value, at) => Math.abs(value) + (kind === 'mixture' ? 1.96 * (uncertainty[at] ?? 0) : 0)),
  );
  const rows = values.slice(0, 64).map((value, at) => {
    const half = kind === 'mixture' ? 1.96 * (uncertainty[at] ?? 0) : null;
    const all = { value, low: half === null ? null : value - half, high: half === null ? null : value + half };
    return [names[at] ?? `number ${at + 1}`, whisker(all, -span, span, 0), measured(all, signed)];
  });
  const numbers = table(
    'The embedding',
    [kind === 'mixture' ? 'Adapter' : 'Number', 'On one scale', term('console.embedding')],
    rows,
  );
  const more =
    values.length > rows.length ? note(`The first ${rows.length} of ${count(values.length)} numbers.`) : null;
  refill(
    place,
    head,
    kind === 'mixture'
      ? numbers
      : make('details', { 'data-key': 'numbers' }, make('summary', {}, 'The numbers'), numbers),
    more,
    note(`Computed ${moment(updatedAt)} by the encoder ${short(encoder)}.`),
  );
}
