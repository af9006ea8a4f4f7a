/** What a person picks among, of either kind: how it is asked for, and how it is shown. All text goes in as text. */
import type { Content } from '../../../shared/contracts/candidate.ts';
import type { Comparison } from '../../../shared/contracts/comparison.ts';
import type { DemoTaste } from '../contract.ts';
import { edge } from './session.ts';

/** Of how many the best is picked. */
export const DEALT = 4;
/** Of how many those that differ most are dealt: a pick among pictures that are nearly alike says little of a taste. */
const DRAWN = { picture: 8, reply: 6 };

export type Kind = 'pictures' | 'replies';

export type Answers = {
  /** What one of them is called, and how it comes about. */
  noun: 'picture' | 'reply';
  made: 'drawn' | 'written';
  /** Said until it can be. */
  loading: string;
  deal(prompt: string): Promise<Comparison>;
  /** One for the person, or for everyone; the same seed twice is the same answer twice. */
  make(prompt: string, seed: number, personal: boolean): Promise<Content>;
  show(content: Content, name: string): HTMLElement;
};

export function openAnswers(kind: Kind, { domain }: DemoTaste, project: string): Answers {
  return kind === 'pictures' ? pictures(domain, project) : replies(domain);
}

function pictures(domain: string, project: string): Answers {
  const address = (content: Content) =>
    content.type === 'image' ? `/v1/images/${project}/${content.sha256}` : 'data:,';

  /** Loaded before it is shown, so that nothing flickers. */
  async function load(content: Content): Promise<void> {
    const image = new Image();
    image.src = address(content);
    await image.decode();
  }

  return {
    noun: 'picture',
    made: 'drawn',
    loading: 'Loading the model that draws…',
    deal: async (text) => {
      const comparison = await edge.createComparison({ domain, prompt: { text }, k: DEALT, draws: DRAWN.picture });
      await Promise.all(comparison.candidates.map(({ content }) => load(content)));
      return comparison;
    },
    make: async (prompt, seed, personal) => {
      const { data } = await edge.generateImages({ model: domain, prompt, seed, personal });
      const content: Content = { type: 'image', sha256: data[0]?.sha256 ?? '' };
      await load(content);
      return content;
    },
    show: (content, name) => {
      const image = document.createElement('img');
      image.src = address(content);
      image.alt = name;
      return image;
    },
  };
}

function replies(domain: string): Answers {
  const asking = (text: string) => [{ role: 'user' as const, content: text }];
  return {
    noun: 'reply',
    made: 'written',
    loading: 'Loading what replies are mixed from…',
    deal: (text) => edge.createComparison({ domain, prompt: { messages: asking(text) }, k: DEALT, draws: DRAWN.reply }),
    make: async (prompt, seed, personal) => {
      const { completion } = await edge.chat({ model: domain, messages: asking(prompt), seed, personal });
      return { type: 'text', text: completion.choices[0]?.message.content ?? '' };
    },
    show: (content) => {
      const text = document.createElement('span');
      text.className = 'text';
      text.textContent = (content.type === 'text' && content.text.trim()) || '(an empty reply)';
      return text;
    },
  };
}
