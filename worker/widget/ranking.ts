/** kind="ranking": an order of two to eight, by drag, by arrow keys, or by buttons; answers may share a place. */
import { type Ballot, type Candidate, type Context, showAnswer } from './answer.ts';
import { make, makeButton } from './node.ts';

type Row = { candidate: Candidate; item: HTMLElement; place: HTMLElement; same: HTMLElement; tied: boolean };

export function rankingBallot(context: Context): Ballot {
  const { shown, say, vote, announce } = context;
  const rows: Row[] = shown.candidates.map(makeRow);
  const list = make('ol', { class: 'ranking', 'aria-label': say('order') }, ...rows.map(({ item }) => item));
  const rank = () => vote([{ type: 'ranking', ranking: places() }]);
  const save = makeButton('save', say('save'), rank, { class: 'choose', 'aria-pressed': 'false' });
  number();

  function makeRow(candidate: Candidate): Row {
    const n = candidate.position + 1;
    const step = (by: number) => move(row, rows.indexOf(row) + by);
    const arrow = (sign: string, key: 'up' | 'down', by: number) =>
      makeButton(`${key}-${n}`, sign, () => step(by), { 'aria-label': say(key, { n }) });
    const tie = () => {
      row.tied = !row.tied;
      tell(row);
    };
    const same = makeButton(`same-${n}`, '=', tie, { 'aria-label': say('same', { n }) });
    const place = make('span', { class: 'place', 'aria-hidden': 'true' });
    // For pointers; the buttons beside it are for everybody.
    const handle = make('span', { class: 'handle', 'aria-hidden': 'true' }, '⠿');
    const moves = make('div', { class: 'moves' }, handle, same, arrow('↑', 'up', -1), arrow('↓', 'down', 1));
    const item = make('li', {}, place, showAnswer(context, candidate), moves);
    const row: Row = { candidate, item, place, same, tied: false };
    moves.addEventListener('keydown', (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      step(by);
    });
    handle.addEventListener('pointerdown', (event) => drag(row, handle, event));
    return row;
  }

  /** To the place `to`, from 0. Whoever moves shares no place any more. */
  function move(row: Row, to: number): void {
    const from = rows.indexOf(row);
    const at = Math.max(0, Math.min(rows.length - 1, to));
    if (from === at) return;
    rows.splice(from, 1);
    rows.splice(at, 0, row);
    row.tied = false;
    // The others move around it: what is taken out of the page loses the pointer and the focus.
    for (const { item } of rows.slice(0, at)) list.insertBefore(item, row.item);
    list.append(...rows.slice(at + 1).map(({ item }) => item));
    tell(row);
  }

  function drag(row: Row, handle: HTMLElement, { pointerId }: PointerEvent): void {
    handle.setPointerCapture(pointerId);
    row.item.classList.add('dragged');
    handle.onpointermove = ({ clientY }) =>
      move(row, rows.filter((each) => each !== row && clientY > middle(each.item)).length);
    handle.onlostpointercapture = () => {
      row.item.classList.remove('dragged');
      handle.onpointermove = null;
    };
  }

  function tell({ candidate, place }: Row): void {
    number();
    announce(say('placed', { n: candidate.position + 1, p: Number(place.dataset.p), k: rows.length }));
  }

  function number(): void {
    rows.forEach((row, at) => {
      row.tied &&= at > 0;
      const p = row.tied ? rows[at - 1]?.place.dataset.p : String(at + 1);
      row.place.dataset.p = p;
      row.place.textContent = p ?? '';
      row.same.ariaPressed = String(row.tied);
      row.same.toggleAttribute('disabled', at === 0);
    });
  }

  /** Best first; those that share a place stand together. */
  function places(): string[][] {
    const groups: string[][] = [];
    for (const { candidate, tied } of rows) {
      if (tied) groups.at(-1)?.push(candidate.id);
      else groups.push([candidate.id]);
    }
    return groups;
  }

  return {
    answers: make('div', {}, make('p', { class: 'soft' }, say('order')), list),
    controls: [make('div', { class: 'choices' }, save)],
    mark: (choices) => {
      save.ariaPressed = String(choices?.[0]?.type === 'ranking');
    },
  };
}

function middle(item: HTMLElement): number {
  const { top, height } = item.getBoundingClientRect();
  return top + height / 2;
}
