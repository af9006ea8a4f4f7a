/** What a person voted, newest first, and what became of it. */
import type { Content } from '../../../shared/contracts/candidate.ts';
import type { Preference } from '../../../shared/contracts/preference.ts';
import { term } from './explain.ts';
import { measured } from './figures.ts';
import { button, type Child, empty, make, note, refill, table } from './node.ts';
import { edge, pictureAddress, sayError } from './session.ts';
import { list, moment, number, short } from './words.ts';

const PAGE = 50;

export async function listVotes(
  place: HTMLElement,
  { user, domain, project }: { user: string; domain: string; project: string },
): Promise<void> {
  const votes: Preference[] = [];

  async function read(after?: number): Promise<void> {
    const { items, next } = await edge.listPreferences({ user, domain, limit: PAGE, ...(after && { after }) });
    votes.push(...items);
    if (votes.length === 0) return refill(place, empty('When this person votes, the newest votes stand here.'));
    const heads = ['When', 'Asked', 'Said', 'Became', term('console.weight')];
    const rows = votes.map((vote) => rowOf(vote, project));
    refill(place, table('Votes, newest first', heads, rows), next !== null && older(next));
  }

  function older(next: number): HTMLElement {
    const more = button('Older votes', () => {
      more.disabled = true;
      read(next).catch((error) => more.replaceWith(note(`They could not be read: ${sayError(error)}`)));
    });
    return make('div', { class: 'actions' }, more);
  }

  await read();
}

function rowOf(vote: Preference, project: string): Child[] {
  const [when, weight] = [moment(vote.createdAt), measured({ value: vote.weight })];
  return [when, promptOf(vote), sayChoice(vote, project), statusOf(vote), weight];
}

function promptOf({ comparison }: Preference): HTMLElement {
  const words = comparison.prompt.messages?.at(-1)?.content ?? comparison.prompt.text ?? '';
  return make('span', { class: 'clip', title: words }, words);
}

/** In words, with the beginning of what was chosen. */
function sayChoice(vote: Preference, project: string): HTMLElement {
  return make('span', { class: 'clip' }, ...wordsOf(vote, project));
}

function wordsOf({ choice, comparison: { candidates } }: Preference, project: string): (Node | string)[] {
  const shown = (id = '') => showContent(candidates.find((candidate) => candidate.id === id)?.content, project);
  switch (choice.type) {
    case 'pair':
      return [`best of ${candidates.length}: `, shown(choice.chosen)];
    case 'ranking':
      return [`ranked ${candidates.length}, first: `, shown(choice.ranking[0]?.[0])];
    case 'rating':
      return [`rated ${list(choice.ratings.map(({ rating }) => number(rating)))}`];
    case 'stepMark':
      return [choice.firstWrongStep === null ? 'all steps are right' : `step ${choice.firstWrongStep + 1} is wrong`];
    default:
      return [{ tie: 'no difference', bothBad: 'none is good', skip: 'skipped' }[choice.type]];
  }
}

function showContent(content: Content | undefined, project: string): Node | string {
  if (content?.type === 'text') return content.text;
  if (content?.type === 'steps') return content.steps.join(' ');
  const src = pictureAddress(project, content?.sha256 ?? '');
  return content ? make('img', { src, alt: 'the chosen picture', width: 40, height: 40, loading: 'lazy' }) : '';
}

function statusOf({ status, notTrainable, adapter }: Preference): string {
  const learned = adapter ? `learned by ${short(adapter)}` : 'learned from';
  const words: Record<Preference['status'], string> = {
    waiting: 'waits for a batch',
    batched: 'in training',
    consumed: learned,
    heldOut: 'held out',
    notTrainable: `not trainable: ${notTrainable}`,
    superseded: 'replaced',
    quarantined: 'set aside',
  };
  return words[status];
}
