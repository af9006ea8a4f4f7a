/** kind="rating" and kind="steps": each answer is judged on its own, with the browser's own radio buttons. */
import { type Ballot, type Candidate, type Context, showAnswer } from './answer.ts';
import { make, makeButton } from './node.ts';
import type { VoteChoice } from './types.ts';

export function ratingBallot(context: Context): Ballot {
  const { shown, say, scale } = context;
  const fields = shown.candidates.map(({ position }) => {
    const n = position + 1;
    const radios = Array.from({ length: scale }, (_, at) => radio(`rating-${n}`, at + 1, String(at + 1)));
    const legend = make('legend', {}, say('rate', { n, k: scale }));
    return make('fieldset', {}, legend, make('div', { class: 'scale' }, ...radios));
  });
  const cards = shown.candidates.map((candidate, at) => showAnswer(context, candidate, fields[at]));
  return judged(context, cards, fields, (values) =>
    values.includes(null)
      ? []
      : [
          {
            type: 'rating',
            ratings: shown.candidates.map(({ id }, at) => ({ candidate: id, rating: Number(values[at]) })),
          },
        ],
  );
}

export function stepsBallot(context: Context): Ballot {
  const { shown, say } = context;
  const fields = shown.candidates.map((candidate) => {
    const n = candidate.position + 1;
    const radios = stepsOf(candidate).map((step, at) => {
      return radio(`step-${n}`, at, make('span', { class: 'plain', dir: 'auto' }, step));
    });
    const legend = make('legend', {}, say('wrong', { n }));
    return make('fieldset', { class: 'steps' }, legend, ...radios, radio(`step-${n}`, 'right', say('right')));
  });
  const cards = shown.candidates.map((candidate, at) => showAnswer(context, candidate, fields[at]));
  return judged(context, cards, fields, (values) =>
    shown.candidates.flatMap(({ id }, at): VoteChoice[] => {
      const value = values[at];
      if (!value) return [];
      return [{ type: 'stepMark', candidate: id, firstWrongStep: value === 'right' ? null : Number(value) }];
    }),
  );
}

/** `choose` makes votes of one value for each field; none = not enough is judged yet. */
function judged(
  { vote, say }: Context,
  cards: HTMLElement[],
  fields: HTMLElement[],
  choose: (values: (string | null)[]) => VoteChoice[],
): Ballot {
  const chosen = () =>
    choose(fields.map((field) => field.querySelector<HTMLInputElement>('input:checked')?.value ?? null));
  const attributes = { class: 'choose', 'aria-pressed': 'false', disabled: true };
  const save = makeButton('save', say('save'), () => vote(chosen()), attributes);
  const change = () => {
    save.disabled = chosen().length === 0;
    save.ariaPressed = 'false';
  };
  return {
    answers: make('div', { class: 'answers', change }, ...cards),
    controls: [make('div', { class: 'choices' }, save)],
    mark: (choices) => {
      save.ariaPressed = String(choices !== null && choices[0]?.type !== 'skip');
    },
  };
}

function radio(name: string, value: string | number, ...label: (Node | string)[]): HTMLElement {
  return make('label', {}, make('input', { type: 'radio', name, value }), make('span', {}, ...label));
}

function stepsOf({ content }: Candidate): string[] {
  return content.type === 'steps' ? content.steps : [];
}
