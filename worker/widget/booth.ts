/** Between a person's gesture and the outbox: what was cast can be undone for a while, and replaced afterwards. */
import type { PreferenceInput } from '../../shared/contracts/preference.ts';
import type { Outbox, Report } from './outbox.ts';
import { makeVotes, slotOf, type Turn } from './turn.ts';
import type { VoteChoice } from './types.ts';

const LONGEST_WAIT_MS = 250;

/** `before` is what counted before, for each thing that was voted on; undefined = nothing. */
type Cast = { turn: Turn; outbox: Outbox; votes: PreferenceInput[]; before: Map<string, PreferenceInput | undefined> };

export type Said = { votes: PreferenceInput[]; unsaid: PreferenceInput[] };

export type Booth = {
  /**
   * The votes that were made, once they are on disk; none when nothing is new. `unsaid` are those they replace that
   * nobody had heard of yet. `mayFollow` is whether a vote that was sent can be superseded.
   */
  cast(turn: Turn, outbox: Outbox, choices: VoteChoice[], reason: string, mayFollow: boolean): Promise<Said>;
  /** Takes the newest back: its turn, and whether nobody will hear of it. Null when there is nothing to undo. */
  undo(): Promise<{ turn: Turn; votes: PreferenceInput[]; gone: boolean } | null>;
};

/** `undoMs` is how long a vote waits; `hear` hears what becomes of each. */
export function openBooth(undoMs: () => number, hear: (report: Report) => void): Booth {
  let newest: Cast | null = null;
  /** Votes on candidates that are still being written. */
  const unwritten = new Set<string>();

  const broken = (id: string, vote: PreferenceInput): Report => ({
    type: 'refused',
    code: 'stream_broken',
    message: 'a candidate broke off while it was being written',
    kept: false,
    ...{ id, vote },
  });
  const full = (id: string): Report => ({
    type: 'waiting',
    code: 'storage_full',
    message: 'kept in memory alone until it is sent',
    ...{ kept: true, id },
  });

  async function takeBack(outbox: Outbox, id: string): Promise<boolean> {
    return unwritten.delete(id) || outbox.undo(id);
  }

  /** Keeps a first vote, once what it is about is whole. */
  async function keep({ shown }: Turn, outbox: Outbox, vote: PreferenceInput): Promise<void> {
    const due = Date.now() + undoMs();
    const { id } = vote;
    unwritten.add(id);
    try {
      const deal = await shown.request;
      if (!unwritten.delete(id)) return;
      if (!(await outbox.add({ id, due, vote, ...(deal && { deal }) }, hear))) hear(full(id));
    } catch {
      if (unwritten.delete(id)) hear(broken(id, vote));
    }
  }

  /** One vote, or null when an earlier one stands that cannot be replaced. */
  async function castOne(
    { turn, outbox }: Pick<Cast, 'turn' | 'outbox'>,
    vote: PreferenceInput,
    before: PreferenceInput | undefined,
    mayFollow: boolean,
  ): Promise<{ vote: PreferenceInput; unsent: boolean } | null> {
    if (before && !unwritten.delete(before.id)) {
      const deal = await turn.shown.request;
      const parcel = { id: vote.id, due: Date.now() + undoMs(), vote, ...(deal && { deal }) };
      const done = await outbox.replace(parcel, before, mayFollow, hear);
      if (done && !done.kept) hear(full(vote.id));
      return done;
    }
    const supersedes = before?.supersedes;
    const made = { ...vote, ...(supersedes && { supersedes }) };
    // Not longer than a person would notice: what is still being written is kept when it is whole.
    await Promise.race([keep(turn, outbox, made), new Promise((wake) => setTimeout(wake, LONGEST_WAIT_MS))]);
    return { vote: made, unsent: before !== undefined };
  }

  return {
    cast: async (turn, outbox, choices, reason, mayFollow) => {
      const cast: Cast = { turn, outbox, votes: [], before: new Map() };
      const unsaid: PreferenceInput[] = [];
      for (const { vote, before } of makeVotes(turn, choices, reason)) {
        const done = await castOne(cast, vote, before, mayFollow);
        if (!done) continue;
        if (before && done.unsent) unsaid.push(before);
        const slot = slotOf(vote.choice);
        turn.said.set(vote.id, done.vote);
        cast.before.set(slot, turn.said.get(done.vote.supersedes ?? ''));
        // Marks of single candidates take the place of a skip of them all.
        if (slot !== '') turn.votes.delete('');
        turn.votes.set(slot, done.vote);
        cast.votes.push(done.vote);
      }
      if (cast.votes.length > 0) newest = cast;
      return { votes: cast.votes, unsaid };
    },
    undo: async () => {
      if (!newest) return null;
      const { turn, outbox, votes, before } = newest;
      newest = null;
      const gone = (await Promise.all(votes.map(({ id }) => takeBack(outbox, id)))).every(Boolean);
      for (const [slot, vote] of gone ? before : []) {
        if (vote) turn.votes.set(slot, vote);
        else turn.votes.delete(slot);
      }
      return { turn, votes, gone };
    },
  };
}
