/**
 * Delivers each vote exactly once: kept before it is sent, sent with the id it was born with, in order, by one tab at a
 * time, until the edge has answered. The edge counts a repeated id once, so "sent, and the answer got lost" is safe.
 */
import type { Comparison } from '../../shared/contracts/comparison.ts';
import type { PreferenceInput, PreferenceReceipt } from '../../shared/contracts/preference.ts';
import { CallError, isRefusal, post } from './call.ts';
import type { ErrorDetail, SentDetail } from './types.ts';
import {
  claimParcel,
  keepParcel,
  type Parcel,
  removeParcel,
  replaceParcel,
  takeBackParcel,
  waitingParcels,
} from './votes-store.ts';

/** `waiting`: not now, but later. `token`: not before there is a new one. */
export type Report =
  | ({ type: 'sent' } & SentDetail)
  | ({ type: 'refused' | 'waiting' } & ErrorDetail)
  | { type: 'token'; id: string };

type Listener = (report: Report) => void;
type Unowned = Omit<Parcel, 'owner'>;

export type Outbox = {
  /** The newest token of the outbox's person. */
  setToken(token: string): void;
  /** False when it is in memory alone, because the browser's database takes no more. */
  add(parcel: Unowned, listener: Listener): Promise<boolean>;
  /**
   * In the place of `before`: nobody hears of that one when it is `unsent`, otherwise the new vote names it as superseded.
   * Null, and nothing done, when it was sent and nothing may follow it. `kept` is what `add` says.
   */
  replace(
    parcel: Unowned,
    before: PreferenceInput,
    mayFollow: boolean,
    listener: Listener,
  ): Promise<{ vote: PreferenceInput; unsent: boolean; kept: boolean } | null>;
  /** True when the vote will never be heard of; false when it may be on its way. */
  undo(id: string): Promise<boolean>;
  /** Hears of votes that no listener of this page cast: of earlier visits. */
  listen(listener: Listener): () => void;
};

const LONGEST_PAUSE_MS = 300_000;
/** Of the page's set-up, not of the vote: it is kept, because set-ups are mended. */
const MENDABLE = ['forbidden', 'origin_not_allowed', 'key_in_browser'];

const opened = new Map<string, Outbox>();

/** One for each edge, project and person; it outlives the elements that use it. */
export function openOutbox(edge: string, owner: string): Outbox {
  const outbox = opened.get(owner) ?? createOutbox(edge, owner);
  opened.set(owner, outbox);
  return outbox;
}

function createOutbox(edge: string, owner: string): Outbox {
  let token = '';
  let stale = '';
  let attempts = 0;
  let running = false;
  let again = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Cast in this page and not yet delivered. */
  const mine = new Map<string, { parcel: Parcel; listener: Listener }>();
  const listeners = new Set<Listener>();
  /** The person's other tabs. */
  const tabs = new BroadcastChannel(owner);
  /** Delivered for whoever cast it. */
  const unclaimed = new Map<string, ReturnType<typeof setTimeout>>();
  const send = <T>(path: string, body: unknown) => post<T>(edge, path, token, body, 20_000);

  function report(id: string, what: Report, isEnd: boolean): void {
    const own = mine.get(id)?.listener;
    if (own && isEnd) mine.delete(id);
    const tell = own ?? ((heard: Report) => [...listeners][0]?.(heard));
    if (own || !isEnd) {
      tell(what);
      return;
    }
    // Cast in another tab, which then tells its page; or on an earlier visit.
    unclaimed.set(id, setTimeout(tell, 300, what));
    tabs.postMessage({ id, what });
  }

  function wakeIn(milliseconds: number): void {
    clearTimeout(timer);
    timer = setTimeout(wake, milliseconds);
  }

  function wake(): void {
    again = running;
    if (running || !token || token === stale) return;
    running = true;
    clearTimeout(timer);
    const work = 'locks' in navigator ? navigator.locks.request(owner, sendAll) : sendAll();
    work
      .catch(() => wakeIn(pauseAfter(attempts++)))
      .finally(() => {
        running = false;
        if (again) wake();
      });
  }

  async function waiting(): Promise<Parcel[]> {
    const kept = await waitingParcels(owner).catch(() => []);
    return [...kept, ...[...mine.values()].flatMap(({ parcel }) => (parcel.seq === undefined ? [parcel] : []))];
  }

  async function sendAll(): Promise<void> {
    /** Comparisons with a vote that the edge itself fails on: others need not wait for it, and its successors must. */
    const stuck = new Set<unknown>();
    for (const parcel of await waiting()) {
      const early = parcel.claimed ? 0 : parcel.due - Date.now();
      // A clock that was set back must not hold a vote: nobody undoes anything after a minute.
      if (early > 0 && early <= 60_000) return wakeIn(early + 5);
      const { comparison } = parcel.vote;
      if (stuck.has(comparison) || !(await claim(parcel))) continue;
      const outcome = await deliver(parcel);
      // A refusal is told with the whole vote: the edge will never take it.
      const isEnd = outcome.type === 'sent' || outcome.type === 'refused';
      if (isEnd && parcel.seq !== undefined) await removeParcel(parcel.seq);
      report(parcel.id, outcome, isEnd);
      if (outcome.type === 'token') return;
      if (isEnd) attempts = 0;
      else if ('code' in outcome && outcome.code === 'internal') stuck.add(comparison);
      else return wakeIn(pauseAfter(attempts++));
    }
    if (stuck.size > 0) wakeIn(pauseAfter(attempts++));
  }

  async function claim(parcel: Parcel): Promise<boolean> {
    const held = mine.get(parcel.id);
    if (held) held.parcel.claimed = true;
    if (parcel.seq === undefined) return held !== undefined;
    // A full disk cannot take the mark; the vote is due, so nothing is undone any more.
    return claimParcel(parcel.seq).catch(() => true);
  }

  async function deliver({ id, vote, deal }: Parcel): Promise<Report> {
    const sentWith = token;
    try {
      const assignment = deal ? (await send<Comparison>('/v1/comparisons', deal)).assignment : vote.assignment;
      const receipt = await send<PreferenceReceipt>('/v1/preferences', { ...vote, assignment });
      if (receipt.id !== id) throw new CallError('invalid_answer', 'the answer is about another vote');
      return {
        type: 'sent',
        id,
        comparison: vote.comparison as string,
        status: receipt.status,
        replayed: receipt.replayed,
      };
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      const { code, message, status } = error;
      if (status === 401) {
        stale = sentWith;
        return { type: 'token', id };
      }
      const refused = isRefusal(status) && !MENDABLE.includes(code);
      return { type: refused ? 'refused' : 'waiting', code, message, kept: !refused, id, vote };
    }
  }

  function hold(parcel: Parcel, listener: Listener): void {
    mine.set(parcel.id, { parcel, listener });
    wakeIn(Math.max(0, parcel.due - Date.now()));
  }

  async function add(parcel: Unowned, listener: Listener): Promise<boolean> {
    const whole: Parcel = { ...parcel, owner };
    hold(whole, listener);
    try {
      whole.seq = await keepParcel({ ...whole });
    } catch {}
    return whole.seq !== undefined;
  }

  async function replace(parcel: Unowned, before: PreferenceInput, mayFollow: boolean, listener: Listener) {
    const held = mine.get(before.id)?.parcel;
    const { supersedes } = before;
    const fresh: Parcel = { ...parcel, owner, vote: { ...parcel.vote, ...(supersedes && { supersedes }) } };
    const later: Parcel = { ...parcel, owner, vote: { ...parcel.vote, supersedes: before.id } };
    let unsent = held !== undefined && !held.claimed;
    let seq: number | undefined;
    if (held && unsent) {
      // Not sent while it is being exchanged.
      held.claimed = true;
      try {
        if (held.seq !== undefined) ({ seq, unsent } = await replaceParcel(held.seq, fresh, mayFollow ? later : null));
      } catch {
        held.claimed = unsent = false;
      }
    }
    if (unsent) mine.delete(before.id);
    else if (!mayFollow) return null;
    const whole = unsent ? fresh : later;
    if (seq === undefined) return { vote: whole.vote, unsent, kept: await add(whole, listener) };
    whole.seq = seq;
    hold(whole, listener);
    return { vote: whole.vote, unsent, kept: true };
  }

  async function undo(id: string): Promise<boolean> {
    const held = mine.get(id);
    if (!held || held.parcel.claimed) return false;
    const { seq } = held.parcel;
    if (seq !== undefined && !(await takeBackParcel(seq).catch(() => false))) return false;
    return mine.delete(id);
  }

  /** The page goes away: what can be sent in one request is, without waiting for the end of the undo. */
  function sendLast(): void {
    if (!token || token === stale) return;
    for (const { parcel } of mine.values()) {
      if (parcel.deal || parcel.claimed) continue;
      parcel.claimed = true;
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const body = JSON.stringify(parcel.vote);
      // Its answer is not read: the next visit sends it again, and the edge counts it once.
      fetch(`${edge}/v1/preferences`, { method: 'POST', headers, body, keepalive: true }).catch(() => {});
    }
  }

  addEventListener('online', wake);
  addEventListener('pagehide', sendLast);
  addEventListener('pageshow', wake);
  document.addEventListener('visibilitychange', () => document.hidden || wake());
  tabs.onmessage = ({ data: { id, what } }) => {
    if (!what) clearTimeout(unclaimed.get(id));
    else if (mine.has(id)) {
      tabs.postMessage({ id });
      report(id, what, true);
    }
  };

  return {
    add,
    replace,
    undo,
    setToken: (fresh) => {
      token = fresh;
      wake();
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Full jitter; after a day without a net, at most five minutes, and at once when the browser says it is back. */
function pauseAfter(attempts: number): number {
  return (0.5 + Math.random() / 2) * Math.min(LONGEST_PAUSE_MS, 500 * 2 ** Math.min(attempts, 12));
}
