/** What is known of one domain: its statistics, and what the edge says of it every few seconds while the page is open. */

import { isCurrent } from '../../../shared/alarms/sight.ts';
import type { DomainLive } from '../../../shared/contracts/console.ts';
import type { DomainStats } from '../../../shared/contracts/stats.ts';
import { edge, sayError } from './session.ts';

export type Feed = {
  domain: string;
  stats: DomainStats | null;
  live: DomainLive | null;
  /** Of the server, so that ages are right on a machine whose clock is not. */
  now: number;
  /** "open": the edge tells what happens; "lost": it is being asked again. */
  link: 'opening' | 'open' | 'lost';
  error: string | null;
};

const RETRY_MS = 5000;
const POLL_MS = 10_000;

/** Calls `changed` whenever something did. Returns how to stop. */
export function openFeed(domain: string, changed: (feed: Feed) => void): { refresh(): Promise<void>; close(): void } {
  const feed: Feed = { domain, stats: null, live: null, now: Date.now(), link: 'opening', error: null };
  let source: EventSource | null = null;
  let timer = 0;
  let closed = false;
  let skew = 0;
  let again = 0;

  const tell = () => {
    feed.now = Date.now() + skew;
    if (!closed) changed(feed);
  };

  async function refresh(): Promise<void> {
    try {
      feed.stats = await edge.getStats(domain);
      feed.error = null;
    } catch (error) {
      feed.error = sayError(error);
      clearTimeout(again);
      if (!closed) again = window.setTimeout(() => void refresh(), POLL_MS);
    }
    tell();
  }

  function listen(): void {
    if (closed) return;
    source = new EventSource(`/v1/domains/${encodeURIComponent(domain)}/events`);
    source.addEventListener('state', (event) => {
      const live = JSON.parse((event as MessageEvent<string>).data) as DomainLive;
      skew = live.now - Date.now();
      feed.live = live;
      feed.link = 'open';
      if (feed.stats && isCurrent(feed.stats, live)) tell();
      else void refresh();
    });
    source.onerror = () => {
      feed.link = 'lost';
      tell();
      // The browser tries again by itself, unless it was refused.
      if (source?.readyState !== EventSource.CLOSED) return;
      timer = window.setTimeout(() => void refresh().then(listen), feed.live ? RETRY_MS : POLL_MS);
    };
  }

  void refresh();
  listen();
  return {
    refresh,
    close: () => {
      closed = true;
      clearTimeout(timer);
      clearTimeout(again);
      source?.close();
    },
  };
}
