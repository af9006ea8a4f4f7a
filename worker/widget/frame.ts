/** What stands around every comparison: the prompt, the answers, the bar with the controls, and one line of news. */
import type { Ballot } from './answer.ts';
import { make, makeButton } from './node.ts';
import type { Say } from './strings.ts';

export type Other = 'tie' | 'bad' | 'skip';

export type Frame = {
  root: HTMLElement;
  /** The optional reason as it was typed. */
  reason: HTMLInputElement;
  /** Shows a comparison, keeping the focus where it was. */
  show(prompt: string, ballot: Ballot, others: Other[]): void;
  /** Instead of a comparison: loading, done, or what went wrong, with a way to try again. */
  tell(text: string, retry?: () => void, busy?: boolean): void;
  /** The line of news; `undo` says whether a button stands beside it, nothing said leaves it as it is. */
  note(text: string, undo?: boolean): void;
  endUndo(): void;
  /** Shows which of the others was chosen, if one was. */
  mark(other: Other | undefined): void;
};

export const OTHER_KEYS: Record<Other, string> = { tie: '0', bad: 'b', skip: 's' };
const OTHERS = Object.keys(OTHER_KEYS) as Other[];

export function makeFrame(say: Say, askReason: boolean, act: (what: Other | 'undo') => void): Frame {
  const action = (what: Other | 'undo', key: string, attributes: Record<string, string | boolean>) => {
    const hint = make('kbd', { 'aria-hidden': 'true' }, key);
    return makeButton(what, say(what), () => act(what), { 'aria-keyshortcuts': key, ...attributes }, hint);
  };
  const prompt = make('p', { class: 'prompt', part: 'prompt', id: 'prompt', dir: 'auto' });
  const stage = make('div');
  const controls = make('div');
  const marks = OTHERS.map((what) => action(what, OTHER_KEYS[what], { class: 'quiet', 'aria-pressed': 'false' }));
  const rest = make('div', { class: 'others' });
  const reason = make('input', { maxlength: 2000, dir: 'auto', autocomplete: 'off' });
  const why = make('label', { class: 'soft reason', hidden: true }, say('reason'), reason);
  const news = make('span', { role: 'status' });
  const undo = action('undo', 'u', { class: 'undo', hidden: true });
  const bar = make('div', { class: 'bar', part: 'bar' }, controls, rest, make('div', { class: 'news' }, news, undo));
  const root = make('div', { class: 'frame', role: 'group', 'aria-labelledby': 'prompt', tabindex: -1 });
  root.append(prompt, stage, bar, why);

  function refocus(change: () => void): void {
    const active = (root.getRootNode() as ShadowRoot).activeElement as HTMLElement | null;
    change();
    if (!active || (active.isConnected && !active.hidden)) return;
    const same = root.querySelector<HTMLElement>(`[data-key="${active.dataset.key}"]:not([hidden])`);
    (same ?? root).focus();
  }

  const allowUndo = (allowed: boolean) =>
    refocus(() => {
      undo.hidden = !allowed;
    });

  function put(text: string, busy: boolean, answers: HTMLElement[]): void {
    prompt.textContent = text;
    root.ariaBusy = String(busy);
    stage.replaceChildren(...answers);
  }

  return {
    root,
    reason,
    show: (text, ballot, others) =>
      refocus(() => {
        put(text, false, [ballot.answers]);
        why.hidden = !askReason;
        controls.replaceChildren(...ballot.controls);
        rest.replaceChildren(...marks.filter((_, at) => others.includes(OTHERS[at] as Other)));
      }),
    tell: (text, retry, busy = false) =>
      refocus(() => {
        const cards = [1, 2].map(() => make('div', { class: 'answer waiting' }));
        const button = retry ? [makeButton('again', say('again'), retry, { class: 'choose' })] : [];
        put(text, busy, busy ? [make('div', { class: 'answers' }, ...cards)] : button);
        controls.replaceChildren();
        rest.replaceChildren();
        why.hidden = true;
      }),
    note: (text, canUndo) => {
      news.textContent = text;
      if (canUndo !== undefined) allowUndo(canUndo);
    },
    endUndo: () => allowUndo(false),
    mark: (other) =>
      marks.forEach((button, at) => {
        button.ariaPressed = String(OTHERS[at] === other);
      }),
  };
}
