/** One candidate on the page: its number, its text, code or picture. Nothing tells which model made it. */
import type { Shown } from './deal.ts';
import { renderMarkdown } from './markdown.ts';
import { make } from './node.ts';
import type { Say } from './strings.ts';
import type { VoteChoice } from './types.ts';

/** What a ballot of any kind needs. */
export type Context = {
  shown: Shown;
  say: Say;
  /** markdown, plain or code. */
  format: string;
  /** Highest rating; the lowest is 1. */
  scale: number;
  picture(sha256: string): string;
  /** One choice, or one for each candidate that was judged on its own. */
  vote(choices: VoteChoice[]): void;
  announce(text: string): void;
};

/** What a person votes with: the answers, the controls beneath them, and what a key means. */
export type Ballot = {
  answers: HTMLElement;
  controls: HTMLElement[];
  /** True when the key meant something. */
  press?(key: string): boolean;
  /** Shows what was chosen; null = nothing any more. */
  mark(choices: VoteChoice[] | null): void;
};

export type Candidate = Shown['candidates'][number];

/** A card with the answer in it, in its own direction of writing; `more` goes below it. */
export function showAnswer(context: Context, candidate: Candidate, ...more: (Node | undefined)[]): HTMLElement {
  const name = context.say('answer', { n: candidate.position + 1 });
  const heading = make('div', { class: 'soft', 'aria-hidden': 'true' }, name);
  const body = make('div', { class: 'body', part: 'body', dir: 'auto' });
  fillBody(body, context, candidate);
  const card = make('div', { class: 'answer', part: 'answer', role: 'group', 'aria-label': name }, heading, body);
  card.append(...more.filter((node) => node !== undefined));
  return card;
}

function fillBody(body: HTMLElement, { say, shown, format, picture }: Context, candidate: Candidate): void {
  const { id, position, content } = candidate;
  if (content.type === 'text') showText(body, content.text || say('empty'), format);
  if (content.type === 'image') {
    body.append(
      make('img', { alt: say('answer', { n: position + 1 }), src: picture(content.sha256), draggable: 'false' }),
    );
  }
  if (content.type !== 'stream') return;
  body.classList.add('stream');
  body.tabIndex = 0;
  let frame = 0;
  shown.follow(id, (text, ended) => {
    cancelAnimationFrame(frame);
    // Many pieces may come between two pictures of the screen.
    frame = requestAnimationFrame(() => {
      const atEnd = body.scrollTop + body.clientHeight >= body.scrollHeight - 9;
      showText(body, text || (ended ? say('empty') : '…'), format);
      body.ariaBusy = String(!ended);
      if (atEnd) body.scrollTop = body.scrollHeight;
    });
  });
}

function showText(body: HTMLElement, text: string, format: string): void {
  if (format === 'code') body.replaceChildren(make('pre', { dir: 'ltr' }, make('code', {}, text)));
  else if (format === 'plain') body.replaceChildren(make('p', { class: 'plain' }, text.trim()));
  else body.replaceChildren(...renderMarkdown(text));
  // What scrolls must be reachable by keyboard.
  for (const block of body.querySelectorAll('pre')) block.tabIndex = 0;
}
