/** Answers: what changed in what it says, and which words of an answer it has learned to like. */
import { credit } from './credit.ts';
import { button, empty, make, note, refill, section } from './node.ts';
import { ask, isMissing, pictureAddress, sayError } from './session.ts';
import { title, type View } from './view.ts';
import { short } from './words.ts';

/** GET /v1/domains/{domain}/samples: texts, or addresses of pictures. */
type Samples = { live: string | null; samples: { prompt: string; before: string; now: string }[] };

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
      const { live, samples } = await ask<Samples>(
        'GET',
        `/v1/domains/${encodeURIComponent(domain)}/samples?count=${COUNT}`,
      );
      lead.textContent =
        live === null
          ? 'No adapter is served yet: both sides are the base.'
          : `The same held-out prompts and the same seed, answered by the base and by ${short(live)}.`;
      const shown = samples.map((sample) => showSample(sample, live, session.project.id, judged.fill));
      refill(
        pairs,
        ...(shown.length > 0
          ? shown
          : [empty('When votes are held out, their prompts are asked here: before and now, side by side.')]),
      );
    } catch (error) {
      lead.textContent = '';
      refill(
        pairs,
        isMissing(error) ? empty('This edge gives no samples.') : empty(`Nothing can be asked: ${sayError(error)}`),
      );
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

function showSample(
  { prompt, before, now }: Samples['samples'][number],
  live: string | null,
  project: string,
  fill: (prompt: string, answer: string) => void,
): HTMLElement {
  const column = (label: string, said: string, className: string) =>
    make('div', { class: className }, make('h3', {}, label), answerOf(said, project));
  const isText = !isPicture(now);
  const changed = before === now ? [note('Word for word the same.')] : [];
  return make(
    'article',
    { class: 'sample' },
    make('h2', {}, prompt),
    make('div', { class: 'pair' }, column('Before, the base', before, ''), column(`Now, ${short(live)}`, now, 'now')),
    ...changed,
    ...(isText ? [button('See which words it likes', () => fill(prompt, now))] : []),
  );
}

const isPicture = (said: string) => /^(\/v1\/images\/|data:image\/(png|jpeg|webp);base64,|[0-9a-f]{64}$)/.test(said);

function answerOf(said: string, project: string): HTMLElement {
  if (!isPicture(said)) return make('p', { class: 'said' }, said.trim() || '(an empty answer)');
  const src = /^[0-9a-f]{64}$/.test(said) ? pictureAddress(project, said) : said;
  return make('img', { src, alt: 'a picture for this prompt' });
}
