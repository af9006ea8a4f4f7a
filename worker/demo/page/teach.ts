/**
 * The first view: deal, vote, watch it learn. The next comparison is fetched while this one is read, so a vote never waits
 * for the model; a vote that could not be sent is kept and sent again with the same id.
 */
import type { Comparison } from '../../../shared/contracts/comparison.ts';
import type { Choice } from '../../../shared/contracts/preference.ts';
import type { SampleList } from '../../../shared/contracts/sample.ts';
import { type DemoSession, type DemoState, DRAWS } from '../contract.ts';
import { showAdapters, showBeforeAfter, showCurves, showLearned } from './learned.ts';
import { choiceAt, openOutbox } from './outbox.ts';
import { ask, edge, element, pause } from './session.ts';

const AHEAD = 2;
const POLL_MS = 1500;

const view = {
  prompt: element('prompt'),
  pair: element('pair'),
  replies: [...document.querySelectorAll<HTMLButtonElement>('#pair .reply')],
  tie: element<HTMLButtonElement>('tie'),
  skip: element<HTMLButtonElement>('skip'),
  note: element('note'),
  ask: element<HTMLFormElement>('ask'),
  question: element<HTMLInputElement>('question'),
};

let session: DemoSession;
let current: Comparison | undefined;
let dealing = 0;
let asked = 0;
let shownLive: string | null | undefined;
const dealt: Comparison[] = [];
const outbox = openOutbox(view.note);

/** Messages are one conversation or a plain text; the page shows the last thing that was asked. */
function promptText(comparison: Comparison): string {
  return comparison.prompt.messages?.at(-1)?.content ?? comparison.prompt.text ?? '';
}

async function deal(question?: string): Promise<Comparison> {
  const text = question ?? session.prompts[(session.offset + asked++) % session.prompts.length] ?? '';
  return await edge.createComparison({
    domain: session.domain,
    prompt: { messages: [{ role: 'user', content: text }] },
    draws: DRAWS,
  });
}

async function dealAhead(): Promise<void> {
  while (dealt.length + dealing < AHEAD) {
    dealing += 1;
    try {
      dealt.push(await deal());
      view.note.textContent = '';
    } catch (error) {
      view.note.textContent = `No new comparison yet: ${(error as Error).message} Trying again.`;
      await pause(2000);
    } finally {
      dealing -= 1;
    }
    if (!current) showNext();
  }
}

function setEnabled(enabled: boolean): void {
  for (const control of [...view.replies, view.tie, view.skip]) control.disabled = !enabled;
  view.pair.classList.toggle('waiting', !enabled);
}

function showNext(next = dealt.shift()): void {
  current = next;
  setEnabled(current !== undefined);
  view.prompt.textContent = current ? promptText(current) : ' ';
  view.replies.forEach((reply, position) => {
    const content = current?.candidates[position]?.content;
    const text = content?.type === 'text' ? content.text.trim() : '';
    (reply.firstElementChild as HTMLElement).textContent = content ? text || '(an empty reply)' : '';
    reply.classList.remove('picked');
  });
}

function vote(choose: (comparison: Comparison) => Choice): void {
  if (!current) return;
  outbox.vote(current, choose(current));
  showNext();
  void dealAhead();
}

async function watch(): Promise<void> {
  for (;;) {
    try {
      const state = await ask<DemoState>('/demo/state');
      showLearned(state);
      showCurves(state);
      showAdapters(state);
      if (state.stats.domain.live !== shownLive) {
        showBeforeAfter(await ask<SampleList>('/demo/replies'));
        shownLive = state.stats.domain.live;
      }
    } catch {
      element('learned').textContent = 'The edge cannot be reached. Trying again.';
    }
    void outbox.send();
    await pause(POLL_MS);
  }
}

view.replies.forEach((reply, position) => {
  reply.addEventListener('click', () => vote((comparison) => choiceAt(comparison, position)));
});
view.tie.addEventListener('click', () => vote(() => ({ type: 'tie' })));
view.skip.addEventListener('click', () => vote(() => ({ type: 'skip' })));

view.ask.addEventListener('submit', async (event) => {
  event.preventDefault();
  const question = view.question.value.trim();
  if (!question) return;
  setEnabled(false);
  view.note.textContent = 'Asking both…';
  try {
    const comparison = await deal(question);
    if (current) dealt.unshift(current);
    showNext(comparison);
    view.question.value = '';
    view.note.textContent = '';
    element('compare').focus();
  } catch (error) {
    setEnabled(current !== undefined);
    view.note.textContent = `That could not be asked: ${(error as Error).message}`;
  }
});

function press(key: string): void {
  if (key === '1' || key === '2') vote((comparison) => choiceAt(comparison, Number(key) - 1));
  else if (key === '0') vote(() => ({ type: 'tie' }));
  else if (key === 's') vote(() => ({ type: 'skip' }));
}

export function startTeach(its: DemoSession): (key: string) => void {
  session = its;
  void watch();
  void dealAhead();
  return press;
}

setEnabled(false);
