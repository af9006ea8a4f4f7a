/** What every view is: opened into a place, told what changed, left. */
import type { ConsoleSession } from '../../../shared/contracts/console.ts';
import type { Feed } from './feed.ts';
import { make } from './node.ts';

export type Room = {
  place: HTMLElement;
  session: ConsoleSession;
  domain: string;
  /** What stands in the address behind the view. */
  rest: string[];
  /** Reads the statistics again, after something was changed from here. */
  refresh(): Promise<void>;
  latest(): Feed | null;
};

export type View = (room: Room) => { update(feed: Feed): void; leave?(): void };

/** The question that a view answers; it takes the focus when one comes to the view. */
export const title = (words: string) => make('h1', { tabindex: -1 }, words);
