/** kind="pair": one of two or more is best; by a button beneath, a number key, or a tap on a picture. */
import { type Ballot, type Candidate, type Context, showAnswer } from './answer.ts';
import { make, makeButton } from './node.ts';

export function pairBallot(context: Context): Ballot {
  const { shown, say, vote } = context;
  const choose = ({ id, position }: Candidate) => vote([{ type: 'pair', chosen: id, position }]);

  const cards = shown.candidates.map((candidate) => {
    const card = showAnswer(context, candidate);
    // A picture has no text that somebody may want to mark: all of it is the button.
    card.querySelector('img')?.addEventListener('click', () => choose(candidate));
    return card;
  });
  const buttons = shown.candidates.map((candidate) => {
    const n = candidate.position + 1;
    const key = make('kbd', { 'aria-hidden': 'true' }, String(n));
    const attributes = { class: 'choose', 'aria-pressed': 'false', 'aria-keyshortcuts': n };
    return makeButton(`choose-${n}`, say('prefer', { n }), () => choose(candidate), attributes, key);
  });

  return {
    answers: make('div', { class: 'answers' }, ...cards),
    controls: [make('div', { class: 'choices' }, ...buttons)],
    press: (key) => {
      const candidate = shown.candidates[Number(key) - 1];
      if (candidate) choose(candidate);
      return candidate !== undefined;
    },
    mark: (choices) => {
      const choice = choices?.[0];
      const chosen = choice?.type === 'pair' ? choice.chosen : null;
      shown.candidates.forEach(({ id }, at) => {
        (buttons[at] as HTMLElement).ariaPressed = String(id === chosen);
        cards[at]?.classList.toggle('chosen', id === chosen);
      });
    },
  };
}
