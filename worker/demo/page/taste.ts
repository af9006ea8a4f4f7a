/**
 * The second view: a few picks tell the model who somebody is, and what it makes for them stands beside what everyone gets.
 * The next four are fetched while these are looked at.
 */
import type { Comparison } from '../../../shared/contracts/comparison.ts';
import type { Choice } from '../../../shared/contracts/preference.ts';
import type { DemoReady, DemoSession, DemoTaste } from '../contract.ts';
import { DEALT, type Kind, openAnswers } from './answers.ts';
import { openForYou } from './for-you.ts';
import { choiceAt, openOutbox } from './outbox.ts';
import { ask, element, pause } from './session.ts';

const POLL_MS = 1000;
const RETRY_MS = 2000;

/** Shows the view of one kind; what it returns takes the keys that are pressed there. */
export function startTaste(kind: Kind, session: DemoSession): (key: string) => void {
  const plan = session.taste[kind];
  const place = element(`picks-${kind}`);
  if ('missing' in plan) {
    place.querySelector('.missing')?.replaceChildren(plan.missing);
    return () => {};
  }
  place.replaceChildren(element<HTMLTemplateElement>('picking').content.cloneNode(true));
  return pick(kind, place, plan, session);
}

function pick(kind: Kind, place: HTMLElement, plan: DemoTaste, session: DemoSession): (key: string) => void {
  const answers = openAnswers(kind, plan, session.project);
  const find = <T extends HTMLElement>(name: string) => place.querySelector(`.${name}`) as T;
  const [count, prompt, four, note] = [find('count'), find('prompt'), find('four'), find('note')];
  const skip = find<HTMLButtonElement>('skip');
  const buttons = [...four.querySelectorAll('button')];
  find('label').textContent = `Which ${answers.noun} do you like best?`;
  four.classList.add(kind);

  const forYou = openForYou(find('for-you'), { answers, plan, start: session.offset }, (picks, needed) => {
    count.textContent = picks < needed ? `${picks + 1} of ${needed}` : `${picks} picks so far`;
  });
  const outbox = openOutbox(note, ({ choice }) => {
    if (choice.type === 'pair') void forYou.refresh();
  });
  let current: Comparison | undefined;
  let next: Comparison | undefined;
  let asked = 0;
  let dealing = false;

  async function dealAhead(): Promise<void> {
    if (dealing) return;
    dealing = true;
    while (!next) {
      const text = plan.prompts[(session.offset + asked) % plan.prompts.length] ?? '';
      try {
        next = await answers.deal(text);
        asked += 1;
        note.textContent = '';
      } catch (error) {
        note.textContent = `Nothing new to pick from yet: ${(error as Error).message} Trying again.`;
        await pause(RETRY_MS);
        void outbox.send();
      }
      if (!current) showNext();
    }
    dealing = false;
  }

  function showNext(): void {
    current = next;
    next = undefined;
    for (const button of [...buttons, skip]) button.disabled = !current;
    four.classList.toggle('waiting', !current);
    prompt.textContent = current ? textOf(current) : ' ';
    buttons.forEach((button, position) => {
      const candidate = current?.candidates[position];
      button.querySelector('.text, img')?.remove();
      if (candidate) button.prepend(answers.show(candidate.content, `${answers.noun} ${position + 1}`));
    });
  }

  function vote(choose: (comparison: Comparison) => Choice): void {
    if (!current) return;
    outbox.vote(current, choose(current));
    showNext();
    void dealAhead();
  }

  async function begin(): Promise<void> {
    while (!(await ask<DemoReady>('/demo/taste').catch(() => null))?.[kind]) {
      note.textContent = answers.loading;
      await pause(POLL_MS);
    }
    note.textContent = '';
    void forYou.refresh();
    void dealAhead();
  }

  buttons.forEach((button, position) => {
    button.addEventListener('click', () => vote((comparison) => choiceAt(comparison, position)));
  });
  skip.addEventListener('click', () => vote(() => ({ type: 'skip' })));
  showNext();
  void begin();
  return (key) => {
    const position = Number(key) - 1;
    if (position >= 0 && position < DEALT) vote((comparison) => choiceAt(comparison, position));
    else if (key === 's') vote(() => ({ type: 'skip' }));
    else if (key === 'n') forYou.another();
  };
}

function textOf({ prompt }: Comparison): string {
  return prompt.messages?.at(-1)?.content ?? prompt.text ?? '';
}
