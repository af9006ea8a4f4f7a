/** One person: why they are answered as they are, what is known of their taste, and their votes. */
import type { UserRoute } from '../../../shared/contracts/route.ts';
import { writeAddress } from './address.ts';
import { empty, make, note, refill, section } from './node.ts';
import { showTaste } from './person-taste.ts';
import { listVotes } from './person-votes.ts';
import { edge, isMissing, sayError } from './session.ts';
import { type Room, title } from './view.ts';
import { plural, short } from './words.ts';

export function openPerson({ place, domain, session }: Room, user: string) {
  const why = make('div');
  const taste = make('div');
  const voted = make('div');
  place.append(
    make('p', { class: 'back' }, make('a', { href: writeAddress(domain, 'people') }, 'All people')),
    title(`What is known of ${user}?`),
    section('Why they are answered as they are', why),
    section('Their taste, in numbers', taste),
    section('Their votes', voted),
  );
  void into(why, 'This domain is gone.', async () => {
    const route = await edge.getRoute(user, domain);
    const reasons = route.because.map((reason) => make('li', {}, reason));
    refill(why, make('p', { class: 'lead' }, sayRoute(route)), make('ul', { class: 'because' }, ...reasons));
  });
  void into(
    taste,
    'Nothing: this domain has no user encoder. With one, their taste stands here after their first vote.',
    async () => showTaste(taste, await edge.getEmbedding(user, domain)),
  );
  void into(voted, 'This domain is gone.', () => listVotes(voted, { user, domain, project: session.project.id }));
  return { update: () => {} };
}

/** `missing`: what stands there when the edge knows nothing of it. */
async function into(target: HTMLElement, missing: string, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    refill(target, isMissing(error) ? empty(missing) : note(`That could not be read: ${sayError(error)}`));
  }
}

function sayRoute({ adapter, personal, votes }: UserRoute): string {
  const served = adapter === null ? 'The base' : short(adapter);
  const from = votes > 0 ? `from ${plural(votes, 'vote')}` : 'from what most people like';
  if (personal === 'mixture') return `A mixture of their own answers this person, made ${from}.`;
  if (personal === 'embedding') return `${served} answers this person, told their taste ${from}.`;
  return `${served} answers this person, as it answers everybody.`;
}
