/** What stands around every view: whose console, which domain, which view, and whether the edge is heard. */
import type { ConsoleSession } from '../../../shared/contracts/console.ts';
import type { Domain } from '../../../shared/contracts/domain.ts';
import { type Address, VIEWS, type ViewName, writeAddress } from './address.ts';
import type { Feed } from './feed.ts';
import { button, make, refill } from './node.ts';

const place = (id: string) => document.getElementById(id) as HTMLElement;

const NAMES = Object.keys(VIEWS) as ViewName[];

export function showFrame(
  session: ConsoleSession | null,
  domains: Domain[],
  at: Address | null,
  leave: () => void,
): void {
  place('which').hidden = place('who').hidden = place('tabs').hidden = session === null;
  document.title = session && at ? `${VIEWS[at.view]} · ${at.domain} · Prefloop` : 'Prefloop console';
  if (!session) return;
  const choose = make(
    'select',
    { id: 'domain', 'aria-label': 'Domain' },
    ...domains.map(({ id }) => make('option', { value: id, selected: id === at?.domain }, id)),
  );
  choose.disabled = domains.length === 0;
  choose.addEventListener('change', () => {
    location.hash = writeAddress(choose.value, at?.view ?? 'now');
  });
  refill(place('which'), choose);
  refill(
    place('who'),
    make('span', { title: `Signed in with the key ${session.key}` }, session.project.name),
    button('Sign out', leave),
  );
  const links = at
    ? NAMES.map((name) =>
        make('a', { href: writeAddress(at.domain, name), 'aria-current': name === at.view && 'page' }, VIEWS[name]),
      )
    : [];
  place('tabs').hidden = links.length === 0;
  refill(place('tabs'), ...links);
}

const SAID = {
  opening: 'Connecting…',
  open: 'Live',
  lost: 'Reconnecting…',
  gone: 'The edge cannot be reached. Trying again.',
};

export function showLink({ link: told, error }: Feed): void {
  const link = told === 'lost' && error ? 'gone' : told;
  const line = place('link');
  line.dataset.link = link;
  // Written only when it changes: it is read out.
  if (line.textContent !== SAID[link]) line.textContent = SAID[link];
}
