/** One person: why they are answered as they are, what is known of their taste, and their votes. */
import type { Embedding } from '../../../shared/contracts/encoder.ts';
import type { Preference, PreferencePage } from '../../../shared/contracts/preference.ts';
import { writeAddress } from './address.ts';
import { term } from './explain.ts';
import { figure, figures, measured, whisker } from './figures.ts';
import { empty, make, note, refill, section, table } from './node.ts';
import { ask, edge, isMissing, sayError } from './session.ts';
import { type Room, title } from './view.ts';
import { count, list, moment, number, plural, short, signed } from './words.ts';

/** GET /v1/users/{user}/route. */
type UserRoute = {
  user: string;
  domain: string;
  adapter: string | null;
  personal: 'mixture' | 'embedding' | null;
  encoder: string | null;
  votes: number;
  because: string[];
};

const VOTES = 50;

export function openPerson({ place, domain, session }: Room, user: string) {
  const why = make('div');
  const taste = make('div');
  const voted = make('div');
  place.append(
    make('p', { class: 'back' }, make('a', { href: writeAddress(domain, 'people') }, 'All people')),
    title(`What is known of ${user}?`),
    section('Why this adapter', why),
    section('Their taste, in numbers', taste),
    section('Their votes', voted),
  );
  const into = async (target: HTMLElement, what: string, read: () => Promise<void>) => {
    try {
      await read();
    } catch (error) {
      refill(target, isMissing(error) ? empty(what) : note(`That could not be read: ${sayError(error)}`));
    }
  };
  const path = `/v1/users/${encodeURIComponent(user)}`;
  void into(why, 'This edge cannot say yet how it answers a single person.', async () => {
    const route = await ask<UserRoute>('GET', `${path}/route?domain=${encodeURIComponent(domain)}`);
    refill(
      why,
      make('p', { class: 'lead' }, sayRoute(route)),
      make('ul', { class: 'because' }, ...route.because.map((reason) => make('li', {}, reason))),
    );
  });
  void into(
    taste,
    'Nothing yet: this domain has no user encoder, or nobody of this name has voted in it.',
    async () => {
      await showTaste(taste, await edge.getEmbedding(user, domain));
    },
  );
  void into(voted, 'No votes yet.', async () => {
    const { items } = await ask<PreferencePage>(
      'GET',
      `/v1/preferences?user=${encodeURIComponent(user)}&domain=${encodeURIComponent(domain)}&limit=${VOTES}`,
    );
    const theirs = items.filter((vote) => vote.user === user).sort((one, other) => other.seq - one.seq);
    if (theirs.length === 0) return refill(voted, empty('When this person votes, the newest votes stand here.'));
    const rows = theirs.map((vote) => [
      moment(vote.createdAt),
      promptOf(vote),
      sayChoice(vote, session.project.id),
      statusOf(vote),
      measured({ value: vote.weight }),
    ]);
    refill(voted, table('Votes, newest first', ['When', 'Asked', 'Said', 'Became', term('console.weight')], rows));
  });
  return { update: () => {} };
}

function sayRoute({ adapter, personal, votes }: UserRoute): string {
  const served = adapter === null ? 'The base answers this person' : `${short(adapter)} answers this person`;
  if (personal === null) return `${served}, as it answers everybody.`;
  const by = personal === 'mixture' ? 'mixed for them' : 'told whose taste it is';
  return `${served}, ${by}, from ${plural(votes, 'vote')}.`;
}

async function showTaste(
  place: HTMLElement,
  { kind, votes, tokens, width, values, uncertainty, unusable, encoder, updatedAt }: Embedding,
): Promise<void> {
  const basis = kind === 'mixture' ? await edge.getEncoder(encoder).catch(() => null) : null;
  const names = basis?.encoder.kind === 'mixture' ? basis.encoder.basis.map(({ name }) => name) : [];
  const size = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / (values.length || 1));
  const left = unusable.length > 0 ? `${plural(unusable.length, 'vote')} said nothing of a taste` : '';
  const shared =
    uncertainty.length === 1
      ? [figure('console.uncertainty', measured({ value: uncertainty[0] ?? null }), 'of 1 without votes')]
      : [];
  const head = figures(
    figure('console.raterVotes', count(votes), left, 'Computed from'),
    figure(
      'console.embedding',
      kind === 'mixture' ? plural(values.length, 'weight') : `${tokens} × ${width}`,
      `${number(size)} root mean square`,
    ),
    ...shared,
  );
  const span = Math.max(
    1e-9,
    ...values.map((value, at) => Math.abs(value) + (kind === 'mixture' ? 1.96 * (uncertainty[at] ?? 0) : 0)),
  );
  const rows = values.slice(0, 64).map((value, at) => {
    const half = kind === 'mixture' ? 1.96 * (uncertainty[at] ?? 0) : null;
    const all = { value, low: half === null ? null : value - half, high: half === null ? null : value + half };
    return [names[at] ?? `number ${at + 1}`, whisker(all, -span, span, 0), measured(all, signed)];
  });
  const numbers = table(
    'The embedding',
    [kind === 'mixture' ? 'Adapter' : 'Number', 'On one scale', term('console.embedding')],
    rows,
  );
  const more =
    values.length > rows.length ? note(`The first ${rows.length} of ${count(values.length)} numbers.`) : null;
  refill(
    place,
    head,
    kind === 'mixture'
      ? numbers
      : make('details', { 'data-key': 'numbers' }, make('summary', {}, 'The numbers'), numbers),
    more,
    note(`Computed ${moment(updatedAt)} by the encoder ${short(encoder)}.`),
  );
}

function promptOf({ comparison }: Preference): HTMLElement {
  const words = comparison.prompt.messages?.at(-1)?.content ?? comparison.prompt.text ?? '';
  return make('span', { class: 'clip', title: words }, words);
}

/** In words, with the beginning of what was chosen. */
function sayChoice({ choice, comparison }: Preference, project: string): HTMLElement {
  const contentOf = (id: string) => comparison.candidates.find((candidate) => candidate.id === id)?.content;
  const words = {
    pair: () =>
      choice.type === 'pair'
        ? [`best of ${comparison.candidates.length}: `, shown(contentOf(choice.chosen), project)]
        : [],
    tie: () => ['no difference'],
    bothBad: () => ['none is good'],
    skip: () => ['skipped'],
    ranking: () =>
      choice.type === 'ranking'
        ? [`ranked ${comparison.candidates.length}, first: `, shown(contentOf(choice.ranking[0]?.[0] ?? ''), project)]
        : [],
    rating: () =>
      choice.type === 'rating' ? [`rated ${list(choice.ratings.map(({ rating }) => number(rating)))}`] : [],
    stepMark: () =>
      choice.type === 'stepMark'
        ? [choice.firstWrongStep === null ? 'all steps are right' : `step ${choice.firstWrongStep + 1} is wrong`]
        : [],
  }[choice.type]();
  return make('span', { class: 'clip' }, ...words);
}

function shown(
  content: Preference['comparison']['candidates'][number]['content'] | undefined,
  project: string,
): Node | string {
  if (content?.type === 'image')
    return make('img', {
      src: `/v1/images/${project}/${content.sha256}`,
      alt: 'the chosen picture',
      width: 40,
      height: 40,
      loading: 'lazy',
    });
  return content?.type === 'steps' ? content.steps.join(' ') : (content?.text ?? '');
}

const statusOf = ({ status, notTrainable, adapter }: Preference): string =>
  status === 'consumed'
    ? `learned by ${short(adapter)}`
    : status === 'notTrainable'
      ? `not trainable: ${notTrainable}`
      : status === 'heldOut'
        ? 'held out'
        : status;
