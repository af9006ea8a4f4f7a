/** A move of what is served, asked for with its consequences spelled out. */
import type { DomainStats } from '../../../shared/contracts/stats.ts';
import { lineBetween } from './lineage.ts';
import { button, make, text } from './node.ts';
import { edge, sayError } from './session.ts';
import { list, plural, short, votes } from './words.ts';

type Wish = {
  stats: DomainStats;
  done: () => Promise<void>;
  /** undefined = what was served before. */
  to: string | null | undefined;
  action?: 'promote' | 'rollback';
};

export function askToMove({ stats, done, to, action = 'rollback' }: Wish): void {
  const { domain, adapters } = stats;
  const before = stats.moves.find((move) => move.to === domain.live && move.action === 'promote')?.from;
  const target = to === undefined ? before : to;
  const adapter = adapters.find(({ sha }) => sha === target);
  const name = target === undefined ? 'what was served before' : short(target);
  const failed = adapter?.gates.filter(({ passed }) => !passed) ?? [];
  const isPromotion = action === 'promote';
  const force = tick('force', `Serve it although it failed: ${list(failed.map(({ name, reason }) => reason ?? name))}`);
  const cut = target === undefined ? null : lineBetween(adapters, domain.head, target);
  const freed = cut?.reduce((sum, { preferences }) => sum + preferences, 0) ?? 0;
  const rewind = tick('rewind', 'Also go on training from there');
  const words = make('textarea', { id: 'move-note', rows: 2, maxlength: 500 });
  const said = make('p', { class: 'note', role: 'alert' });
  const consequence = make('p', { class: 'help' });
  const go = make('button', { class: 'strong', type: 'submit' }, isPromotion ? 'Serve it' : 'Roll back');

  const sayWhat = () => {
    const rewinds = rewind.input.checked;
    consequence.textContent = rewinds
      ? cut === null
        ? 'Adapters after it retire, and their votes wait again.'
        : `${plural(cut.length, 'adapter')} after it ${cut.length === 1 ? 'retires' : 'retire'}, and up to ${votes(freed)} wait to be trained on again. Votes that were replaced meanwhile stay out.`
      : 'Training is not touched: the next adapter still grows from the newest one.';
  };
  rewind.input.addEventListener('change', sayWhat);
  sayWhat();

  const what = isPromotion
    ? `${name} is loaded and asked once. If that works it answers everybody in ${domain.id} instead of ${short(domain.live)}, from the next question on. If it does not, nothing changes.`
    : `${name} answers everybody in ${domain.id} instead of ${short(domain.live)}, from the next question on.`;
  const dialog = make(
    'dialog',
    { 'aria-labelledby': 'move-title' },
    make(
      'form',
      { method: 'dialog', submit: (event: Event) => void move(event) },
      make('h2', { id: 'move-title' }, isPromotion ? `Serve ${name}?` : `Roll back to ${name}?`),
      text(what),
      ...(isPromotion && failed.length > 0 ? [force.label] : []),
      ...(isPromotion ? [] : [rewind.label, consequence]),
      make('label', { for: 'move-note' }, 'A note for those who ask why'),
      words,
      said,
      make(
        'div',
        { class: 'actions' },
        go,
        button('Leave it as it is', () => dialog.close()),
      ),
    ),
  );

  async function move(event: Event): Promise<void> {
    event.preventDefault();
    go.disabled = true;
    said.textContent = isPromotion ? 'Loading it…' : '';
    try {
      if (isPromotion)
        await edge.promote(domain.id, { adapter: target as string, force: force.input.checked, note: words.value });
      else
        await edge.rollback(domain.id, {
          ...(to !== undefined && { adapter: to }),
          rewind: rewind.input.checked,
          note: words.value,
        });
      await done();
      dialog.close();
    } catch (error) {
      said.textContent = sayError(error);
    } finally {
      go.disabled = false;
    }
  }

  const origin = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (origin?.isConnected) origin.focus();
    else document.querySelector<HTMLElement>('h1')?.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  words.focus();
}

function tick(id: string, words: string): { label: HTMLElement; input: HTMLInputElement } {
  const input = make('input', { type: 'checkbox', id });
  return { label: make('label', { class: 'tick' }, input, words), input };
}
