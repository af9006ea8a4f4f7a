/** The console: signed in or not, which domain, which view. The address decides; everything follows it. */
import type { ConsoleSession } from '../../../shared/contracts/console.ts';
import type { Domain } from '../../../shared/contracts/domain.ts';
import { openAdapters } from './adapters.ts';
import { readAddress, type ViewName, writeAddress } from './address.ts';
import { openAnswers } from './answers.ts';
import { startExplaining } from './explain.ts';
import { type Feed, openFeed } from './feed.ts';
import { showFrame, showLink } from './frame.ts';
import { openHarm } from './harm.ts';
import { openLearning } from './learning.ts';
import { empty, make } from './node.ts';
import { openNow } from './now.ts';
import { openPeople } from './people.ts';
import { edge, onSessionEnd, readSession, sayError, signOut } from './session.ts';
import { openSettings } from './settings.ts';
import { showSignIn } from './sign-in.ts';
import type { View } from './view.ts';

const VIEWS: Record<ViewName, View> = {
  now: openNow,
  learning: openLearning,
  adapters: openAdapters,
  harm: openHarm,
  people: openPeople,
  answers: openAnswers,
  settings: openSettings,
};

const main = document.querySelector('main') as HTMLElement;
let session: ConsoleSession | null = null;
let domains: Domain[] = [];
let feed: { domain: string; refresh(): Promise<void>; close(): void } | null = null;
let latest: Feed | null = null;
let shown: { key: string; update(feed: Feed): void; leave(): void } | null = null;

function leave(): void {
  shown?.leave();
  feed?.close();
  shown = feed = latest = null;
}

function askToSignIn(message = ''): void {
  if (session === null && main.querySelector('#key')) return;
  leave();
  session = null;
  showFrame(null, [], null, () => {});
  showSignIn(main, message, (made) => {
    session = made;
    void enter();
  });
}

async function enter(): Promise<void> {
  try {
    domains = (await edge.listDomains()).items;
  } catch (error) {
    main.replaceChildren(empty(`The domains could not be read: ${sayError(error)}`));
    return;
  }
  follow(true);
}

/** Who could not be signed out still is signed in, and is told so. */
async function leaveForGood(): Promise<void> {
  try {
    await signOut();
  } catch (error) {
    return sayAbove(`You are still signed in: ${sayError(error)}`);
  }
  askToSignIn('You are signed out.');
}

/** Above the view, until another one is opened. */
function sayAbove(words: string): void {
  main.querySelector(':scope > [role=alert]')?.remove();
  main.prepend(make('p', { class: 'note failed', role: 'alert' }, words));
}

function follow(isFirst = false): void {
  if (!session) return;
  const address = readAddress(location.hash);
  const first = domains[0];
  if (!address && first) {
    location.replace(writeAddress(first.id, 'now'));
    return;
  }
  showFrame(session, domains, address, () => void leaveForGood());
  if (!address) {
    showNoDomain();
    return;
  }
  if (!domains.some(({ id }) => id === address.domain)) {
    leave();
    main.replaceChildren(
      make('h1', {}, 'There is no such domain'),
      empty(`This project has no domain called ${address.domain}. Choose one above.`),
    );
    return;
  }
  if (feed?.domain !== address.domain) {
    leave();
    feed = { domain: address.domain, ...openFeed(address.domain, heard) };
  }
  const key = [address.domain, address.view, ...address.rest].join('/');
  if (shown?.key === key) return;
  shown?.leave();
  const place = make('div', { class: `view ${address.view}` });
  main.replaceChildren(place);
  const { refresh } = feed;
  const view = VIEWS[address.view]({
    place,
    session,
    domain: address.domain,
    rest: address.rest,
    refresh,
    latest: () => latest,
  });
  shown = { key, update: view.update, leave: view.leave ?? (() => {}) };
  if (latest) shown.update(latest);
  // What is read next is the view, not the link to it.
  if (!isFirst) place.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
  if (!isFirst) scrollTo(0, 0);
}

function heard(now: Feed): void {
  latest = now;
  showLink(now);
  shown?.update(now);
}

function showNoDomain(): void {
  main.replaceChildren(
    make('h1', {}, 'Nothing to watch yet'),
    empty(
      'A domain is a stream of votes with its own model. Make one with ',
      make('code', {}, 'npx prefloop domains create'),
      '; it appears here when you load this page again.',
    ),
  );
}

startExplaining();
onSessionEnd(() => session && askToSignIn('The session has ended. Sign in again to go on where you were.'));
addEventListener('hashchange', () => follow());
document.querySelector('.skip-link')?.addEventListener('click', (event) => {
  event.preventDefault();
  (main.querySelector<HTMLElement>('h1') ?? main).focus();
});

try {
  session = await readSession();
  if (session) await enter();
  else askToSignIn();
} catch (error) {
  main.replaceChildren(empty(`The edge cannot be reached: ${sayError(error)}`));
}
