/** Answers: what changed in what it says, and which words of an answer it has learned to like. */
import type { Sample, SampleAnswer } from '../../../shared/contracts/sample.ts';
import { credit } from './credit.ts';
import { button, empty, make, note, refill, section } from './node.ts';
import { edge, pictureAddress, sayError } from './session.ts';
import { title, type View } from './view.ts';
import { short } from './words.ts';

const COUNT = 4;

export const openAnswers: View = ({ place, domain, session }) => {
  const lead = make('p', { class: 'lead' });
  const pairs = make('div', { class: 'samples' });
  const again = button('Ask again', () => void read());
  const judged = credit(domain);
  place.append(
    title('What changed in its answers?'),
    lead,
    pairs,
    make('div', { class: 'actions' }, again),
    section('Which words has it learned to like?', judged.node),
  );
  let served: string | null | undefined;

  async function read(): Promise<void> {
    again.disabled = true;
    lead.textContent = 'Asking the base and the live adapter…';
    try {
      const { live, samples } = await edge.getSamples(domain, COUNT);
      lead.textContent = sayAsked(live, samples.length);
      again.hidden = samples.length === 0;
      const shown = samples.map((sample) => showSample(sample, live, session.project.id, judged.fill));
      refill(
        pairs,
        ...(shown.length > 0
          ? shown
          : [empty('When votes are held out, their prompts are asked here: before and now, side by side.')]),
      );
    } catch (error) {
      again.hidden = false;
      lead.textContent = '';
      refill(pairs, empty(`Nothing can be asked: ${sayError(error)}`));
    } finally {
      again.disabled = false;
    }
  }

  return {
    update: ({ stats }) => {
      if (!stats || stats.domain.live === served) return;
      served = stats.domain.live;
      void read();
    },
  };
};

function sayAsked(live: string | null, asked: number): string {
  if (live === null && asked === 0) return 'No adapter is served yet: the base answers.';
  if (live === null) return 'No adapter is served yet: the base answers. When one is, its answers stand beside these.';
  return `The same held-out prompts and the same seed, answered by the base and by ${short(live)}.`;
}

function showSample(
  { prompt, before, now }: Sample,
  live: string | null,
  project: string,
  fill: (prompt: string, answer: string) => void,
): HTMLElement {
  const column = (label: string, said: SampleAnswer, className: string) =>
    make('div', { class: className }, make('h3', {}, label), answerOf(said, project));
  const columns = [column(now ? 'Before, the base' : 'The base', before, '')];
  if (now) columns.push(column(`Now, ${short(live)}`, now, 'now'));
  return make(
    'article',
    { class: 'sample' },
    make('h2', {}, prompt),
    make('div', { class: 'pair' }, ...columns),
    ...(now && isSame(before, now)
      ? [note(now.type === 'text' ? 'Word for word the same.' : 'The very same picture.')]
      : []),
    ...(now?.type === 'text' ? [button('See which words it likes', () => fill(prompt, now.text))] : []),
  );
}

function isSame(one: SampleAnswer, other: SampleAnswer): boolean {
  return one.type === 'text'
    ? other.type === 'text' && one.text === other.text
    : other.type === 'image' && one.sha256 === other.sha256;
}

function answerOf(said: SampleAnswer, project: string): HTMLElement {
  if (said.type === 'text') return make('p', { class: 'said' }, said.text.trim() || '(an empty answer)');
  return make('img', { src: pictureAddress(project, said.sha256), alt: 'a picture for this prompt' });
}
