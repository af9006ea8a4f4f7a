/**
 * The page of `npm run demo`: deal, vote, watch it learn. The next comparison is fetched while this one is read, so a
 * vote never waits for the model; a vote that could not be sent is kept and sent again with the same id.
 */
import { createClient, EdgeError } from '../../../shared/client/client.ts';
import type { Comparison } from '../../../shared/contracts/comparison.ts';
import type { Choice, PreferenceInput } from '../../../shared/contracts/preference.ts';
import { uuidv7 } from '../../../shared/math/uuidv7.ts';
import { type DemoReplies, type DemoSession, type DemoState, DRAWS } from '../contract.ts';
import { showAdapters, showBeforeAfter, showCurves, showLearned } from './learned.ts';

const AHEAD = 2;
const POLL_MS = 1500;

/** The element of the page's own markup; a missing one is our bug. */
function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page lacks #${id}`);
  return found as T;
}

const view = {
  prompt: element('prompt'),
  pair: element('pair'),
  replies: [...document.querySelectorAll<HTMLButtonElement>('.reply')],
  tie: element<HTMLButtonElement>('tie'),
  skip: element<HTMLButtonElement>('skip'),
  note: element('note'),
  ask: element<HTMLFormElement>('ask'),
  question: element<HTMLInputElement>('question'),
};

let session: DemoSession;
const edge = createClient({ edge: location.origin, token: () => session.token });
let current: Comparison | undefined;
let dealing = 0;
let asked = 0;
let shownLive: string | null | undefined;
const dealt: Comparison[] = [];
const unsent: PreferenceInput[] = [];

/** What only the demo's own edge answers; everything else goes through the client. */
async function ask<T>(path: string, body?: unknown): Promise<T> {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(path, body === undefined ? {} : post);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return (await response.json()) as T;
}

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
      await new Promise((wake) => setTimeout(wake, 2000));
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

function choiceAt(comparison: Comparison, position: number): Choice {
  const candidate = comparison.candidates[position];
  if (!candidate) throw new Error(`no candidate at position ${position}`);
  return { type: 'pair', chosen: candidate.id, position };
}

function vote(choose: (comparison: Comparison) => Choice): void {
  if (!current) return;
  unsent.push({
    id: uuidv7(),
    comparison: current.id,
    choice: choose(current),
    assignment: current.assignment,
  });
  showNext();
  void send();
  void dealAhead();
}

/** One at a time and in order; a refused vote is dropped with its reason, an undelivered one stays. */
let sending = false;
async function send(): Promise<void> {
  if (sending) return;
  sending = true;
  try {
    for (let next = unsent[0]; next; next = unsent[0]) {
      try {
        await edge.createPreference(next);
        unsent.shift();
      } catch (error) {
        if (error instanceof EdgeError && error.status >= 400 && error.status < 500 && error.status !== 429) {
          view.note.textContent = `That vote was refused: ${(error as Error).message}`;
          unsent.shift();
        } else {
          view.note.textContent = 'The edge cannot be reached; your votes are kept and will be sent.';
          break;
        }
      }
    }
  } finally {
    sending = false;
  }
}

async function watch(): Promise<void> {
  for (;;) {
    try {
      const state = await ask<DemoState>('/demo/state');
      showLearned(state);
      showCurves(state);
      showAdapters(state);
      if (state.stats.domain.live !== shownLive) {
        showBeforeAfter(await ask<DemoReplies>('/demo/replies'));
        shownLive = state.stats.domain.live;
      }
    } catch {
      element('learned').textContent = 'The edge cannot be reached. Trying again.';
    }
    if (unsent.length > 0) void send();
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
}

view.replies.forEach((reply, position) => {
  reply.addEventListener('click', () => vote((comparison) => choiceAt(comparison, position)));
});
view.tie.addEventListener('click', () => vote(() => ({ type: 'tie' })));
view.skip.addEventListener('click', () => vote(() => ({ type: 'skip' })));

document.addEventListener('keydown', (event) => {
  if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey || event.repeat)
    return;
  if (event.key === '1' || event.key === '2') vote((comparison) => choiceAt(comparison, Number(event.key) - 1));
  else if (event.key === '0') vote(() => ({ type: 'tie' }));
  else if (event.key.toLowerCase() === 's') vote(() => ({ type: 'skip' }));
});

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

/** The person stays the same one over reloads; the token is renewed before it ends. */
async function startSession(): Promise<void> {
  const user = localStorage.getItem('prefloop-user') ?? `visitor-${uuidv7()}`;
  localStorage.setItem('prefloop-user', user);
  session = await ask<DemoSession>('/demo/session', { user });
  setTimeout(() => void startSession(), (session.expiresInSeconds - 60) * 1000);
}

setEnabled(false);
await startSession();
void watch();
void dealAhead();
