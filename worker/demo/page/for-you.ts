/** The lower half of the second view: one prompt, answered for the person and for everyone, anew after every pick. */
import type { Content } from '../../../shared/contracts/candidate.ts';
import type { Embedding } from '../../../shared/contracts/encoder.ts';
import type { DemoTaste } from '../contract.ts';
import type { Answers } from './answers.ts';
import { edge, pause, user } from './session.ts';

/** Picks before anything is made for somebody: fewer say too little. */
const NEEDED = 4;
/** Earlier answers that are kept in sight. */
const MOST_EARLIER = 8;
const RETRY_MS = 2000;

export type ForYou = {
  /** A pick has come in. */
  refresh(): Promise<void>;
  /** Another prompt, with another seed. */
  another(): void;
};

type Shown = { prompt: string; seed: number; everyone?: Content; earlier: { picks: number; content: Content }[] };

export function openForYou(
  place: HTMLElement,
  { answers, plan, start }: { answers: Answers; plan: DemoTaste; start: number },
  counted: (picks: number, needed: number) => void,
): ForYou {
  const part = <T extends HTMLElement>(name: string) => place.querySelector(`.${name}`) as T;
  const [empty, pair, note] = [part('empty'), part('both'), part('said')];
  let turn = start;
  let shown = nextShown();
  let running = false;
  let again = false;
  empty.textContent = `After ${NEEDED} picks, a ${answers.noun} made for you appears here, beside the one that everyone gets.`;

  function nextShown(): Shown {
    const prompt = plan.shown[turn++ % plan.shown.length] ?? '';
    const seed = (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) >>> 1;
    return { prompt, seed, earlier: [] };
  }

  /** One at a time: what came in meanwhile is looked at once more, when this is done. */
  async function refresh(): Promise<void> {
    again = true;
    if (running) return;
    running = true;
    while (again) {
      again = false;
      try {
        await look();
        note.textContent = '';
      } catch (error) {
        note.textContent = `That could not be ${answers.made}: ${(error as Error).message} Trying again.`;
        await pause(RETRY_MS);
        again = true;
      }
    }
    running = false;
    pair.removeAttribute('aria-busy');
  }

  async function look(): Promise<void> {
    const known = await edge.getEmbedding(user, plan.domain);
    counted(known.votes, NEEDED);
    if (known.votes < NEEDED) return;
    const asked = shown;
    pair.setAttribute('aria-busy', 'true');
    asked.everyone ??= await answers.make(asked.prompt, asked.seed, false);
    const mine = await answers.make(asked.prompt, asked.seed, true);
    if (asked === shown) show(asked, mine, known);
  }

  function show(asked: Shown, mine: Content, known: Embedding): void {
    empty.hidden = true;
    pair.hidden = false;
    part('asked').textContent = asked.prompt;
    part('yours').replaceChildren(answers.show(mine, `${answers.noun} for you`));
    part('theirs').replaceChildren(answers.show(asked.everyone as Content, `${answers.noun} for everyone`));
    part('known').textContent =
      `From your ${known.votes} picks${reading(known.values, plan.basis)}. Same seed; nothing was trained in between.`;
    const last = asked.earlier.at(-1);
    if (JSON.stringify(last?.content) !== JSON.stringify(mine)) {
      asked.earlier.push({ picks: known.votes, content: mine });
    }
    showEarlier(asked);
  }

  /** Small pictures of how it went; replies are too long for that. */
  function showEarlier({ earlier }: Shown): void {
    const strip = part('earlier');
    strip.hidden = answers.noun !== 'picture' || earlier.length < 2;
    if (strip.hidden) return;
    const items = earlier.slice(-MOST_EARLIER).map(({ picks, content }) => {
      const item = document.createElement('li');
      item.append(answers.show(content, `after ${picks} picks`), String(picks));
      return item;
    });
    part('strip').replaceChildren(...items);
  }

  function another(): void {
    if (pair.hidden) return;
    shown = nextShown();
    void refresh();
  }

  part('another').addEventListener('click', another);
  return { refresh, another };
}

/** What more and less of an axis of the built-in replies is called. */
const WORDS: Record<string, readonly [string, string]> = {
  length: ['longer', 'shorter'],
  warmth: ['warmer', 'less warm'],
  formality: ['more formal', 'less formal'],
  bullets: ['more lists', 'fewer lists'],
  emoji: ['more emoji', 'fewer emoji'],
};

/** The largest weights of a mixture in words; nothing of an embedding whose numbers have no names. */
function reading(values: readonly number[], basis: readonly string[] | undefined): string {
  if (!basis) return '';
  const most = Math.max(...values.map(Math.abs));
  const said = values
    .map((value, at) => ({ value, name: basis[at] ?? '' }))
    .filter(({ value }) => Math.abs(value) > most / 3)
    .sort((one, other) => Math.abs(other.value) - Math.abs(one.value))
    .map(({ value, name }) => (WORDS[name] ?? [`more ${name}`, `less ${name}`])[value > 0 ? 0 : 1]);
  return said.length > 0 ? `: ${said.join(', ')}` : '';
}
