/** Credit of every token of an answer: what the live adapter likes more, and less, than its reference does. */
import type { CreditResult } from '../../../shared/contracts/inference.ts';
import { term } from './explain.ts';
import { figure, figures } from './figures.ts';
import { empty, make, note, refill } from './node.ts';
import { edge, sayError } from './session.ts';
import { short, signed } from './words.ts';

/** Shades on either side of nothing. */
const SHADES = 4;

const WORDS = [
  'much less',
  'less',
  'a little less',
  'hardly less',
  'as before',
  'hardly more',
  'a little more',
  'more',
  'much more',
];

export function credit(domain: string): { node: HTMLElement; fill(prompt: string, answer: string): void } {
  const prompt = make('textarea', { id: 'credit-prompt', rows: 2, required: true });
  const answer = make('textarea', { id: 'credit-answer', rows: 4, required: true });
  const go = make('button', { class: 'strong', type: 'submit' }, 'Show');
  const shown = make(
    'div',
    { 'aria-live': 'polite' },
    empty('The answer appears here word by word, shaded by how much the live adapter has learned to like each.'),
  );

  async function look(): Promise<void> {
    go.disabled = true;
    try {
      const request = {
        model: domain,
        messages: [{ role: 'user' as const, content: prompt.value }],
        completion: answer.value,
      };
      refill(shown, ...showCredit(await edge.credit(request)));
    } catch (error) {
      refill(shown, note(`That could not be asked: ${sayError(error)}`));
    } finally {
      go.disabled = false;
    }
  }

  const submit = (event: Event) => {
    event.preventDefault();
    void look();
  };
  const field = (label: string, control: HTMLElement) =>
    make('div', { class: 'field' }, make('label', { for: control.id }, label), control);
  const form = make(
    'form',
    { class: 'credit-form', submit },
    field('Prompt', prompt),
    field('Answer', answer),
    make('div', { class: 'actions' }, go),
  );
  return {
    node: make('div', {}, form, shown),
    fill: (asked, said) => {
      prompt.value = asked;
      answer.value = said;
      answer.scrollIntoView({ block: 'center' });
      void look().then(() => shown.querySelector<HTMLElement>('.tokens')?.focus());
    },
  };
}

function showCredit({ tokens, reward, model }: CreditResult): HTMLElement[] {
  const sizes = tokens.map(({ credit }) => Math.abs(credit)).sort((one, other) => one - other);
  // The largest of all may be one odd token: shades go up to where all but a twentieth are.
  const full = sizes[Math.floor(0.95 * (sizes.length - 1))] || 1;
  const shadeOf = (value: number) => Math.max(-SHADES, Math.min(SHADES, Math.round((SHADES * value) / full)));
  const sign = (shade: number) => (shade === 0 ? 'none' : shade > 0 ? `more-${shade}` : `less-${-shade}`);
  const reading = make(
    'p',
    { class: 'reading', 'aria-live': 'polite' },
    'Point at a word, or walk along with the arrow keys.',
  );
  const spans = tokens.map(({ token, credit }) => make('span', { class: `token ${sign(shadeOf(credit))}` }, token));
  let at = -1;
  const read = (index: number) => {
    const token = tokens[index];
    if (!token) return;
    spans[at]?.classList.remove('read');
    at = index;
    spans[at]?.classList.add('read');
    const shade = shadeOf(token.credit);
    refill(
      reading,
      make('b', {}, JSON.stringify(token.token)),
      ` is liked ${WORDS[shade + SHADES]}${shade === 0 ? '' : ' than under its reference'}: ${signed(token.credit)} nats`,
    );
  };
  const walk = (event: KeyboardEvent) => {
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tokens.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    read(Math.max(0, Math.min(tokens.length - 1, to)));
  };
  const text = make(
    'p',
    {
      class: 'tokens',
      tabindex: 0,
      role: 'group',
      'aria-label': 'The answer, token by token. Arrow keys read the credit of each.',
    },
    ...spans,
  );
  text.addEventListener('keydown', walk);
  text.addEventListener('pointerover', (event) => read(spans.indexOf(event.target as HTMLElement)));
  const step = (shade: number) =>
    make('li', { class: `token ${sign(shade)}` }, `${WORDS[shade + SHADES]} ${signed((shade * full) / SHADES)}`);
  const scale = make('ol', { class: 'scale', 'aria-label': 'Scale, in nats' }, ...[-4, -2, 0, 2, 4].map(step));
  const by = model === 'base' ? 'the base: nothing was learned yet' : short(model);
  return [
    text,
    reading,
    make('p', { class: 'help' }, term('console.credit'), ' of a token, in nats'),
    scale,
    figures(figure('console.reward', signed(reward), `by ${by}`)),
  ];
}
