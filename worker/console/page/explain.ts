/** What a number means: on hover, on focus and on tap, in the words of docs/metrics.md. */
import MEANINGS from '../../../docs/metrics.md';
import { renderMarkdown } from '../../widget/markdown.ts';
import { make } from './node.ts';
import { isTerm, TERMS, type Term } from './terms.ts';

const UNKNOWN = { unit: '–', meaning: 'This number comes from the runner and has no entry in docs/metrics.md.' };
const HIDE_MS = 200;

const store = make('div', { hidden: true });
const bubble = make('div', { id: 'bubble', role: 'tooltip', popover: 'manual' });
let shown: HTMLElement | null = null;
let hiding = 0;

/** The words that a number is shown under, as a button that explains it. */
export function term(name: Term, label: string = TERMS[name]): HTMLButtonElement {
  return explained(name, label);
}

/** The same for a number that only its runner knows the name of. */
export function metric(name: string): HTMLButtonElement {
  return explained(name, isTerm(name) ? TERMS[name] : name);
}

/** The same words, for where they are to be read without asking. */
export function meaningOf(name: Term): Node[] {
  return renderMarkdown((MEANINGS[name] ?? UNKNOWN).meaning);
}

function explained(name: string, label: string): HTMLButtonElement {
  const id = `meaning-${name}`;
  if (!document.getElementById(id)) {
    const { unit, meaning } = MEANINGS[name] ?? UNKNOWN;
    store.append(
      make('div', { id }, ...(unit === '–' ? [] : [make('p', { class: 'unit' }, unit)]), ...renderMarkdown(meaning)),
    );
  }
  return make('button', { type: 'button', class: 'term', 'data-term': name, 'aria-describedby': id }, label);
}

function show(button: HTMLElement): void {
  clearTimeout(hiding);
  if (shown === button) return;
  shown = button;
  const meaning = document.getElementById(button.getAttribute('aria-describedby') ?? '');
  bubble.replaceChildren(...(meaning?.cloneNode(true).childNodes ?? []));
  if (!bubble.matches(':popover-open')) bubble.showPopover();
  const at = button.getBoundingClientRect();
  const { width, height } = bubble.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.left, document.documentElement.clientWidth - width - 8));
  const above = at.bottom + height + 12 > innerHeight && at.top > height + 12;
  bubble.style.setProperty('left', `${left}px`);
  bubble.style.setProperty('top', `${above ? at.top - height - 6 : at.bottom + 6}px`);
}

function hide(): void {
  shown = null;
  if (bubble.matches(':popover-open')) bubble.hidePopover();
}

const termOf = (event: Event) => (event.target as Element | null)?.closest?.<HTMLElement>('.term') ?? null;

export function startExplaining(): void {
  // In the header: what stands on a page belongs to a landmark, and views are taken away.
  document.querySelector('header')?.append(store, bubble);
  const enter = (event: Event) => {
    const button = termOf(event);
    if (button) show(button);
    else if ((event.target as Element).closest?.('#bubble')) clearTimeout(hiding);
  };
  // The pointer may wander into the bubble, to select something in it.
  const later = () => {
    clearTimeout(hiding);
    hiding = window.setTimeout(hide, HIDE_MS);
  };
  document.addEventListener('pointerover', enter);
  document.addEventListener('pointerout', (event) => {
    if (termOf(event) || (event.target as Element).closest?.('#bubble')) later();
  });
  document.addEventListener('focusin', (event) => (termOf(event) ? enter(event) : hide()));
  document.addEventListener('focusout', (event) => termOf(event) && hide());
  document.addEventListener('click', enter);
  document.addEventListener('keydown', (event) => event.key === 'Escape' && hide());
  addEventListener('scroll', hide, { passive: true, capture: true });
}
