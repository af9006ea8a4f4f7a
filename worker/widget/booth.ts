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
   * nobody had heard of yet. `mayReplace` is whether a sent vote can be superseded.
   */
  cast(turn: Turn, outbox: Outbox, choices: VoteChoice[], reason: string, mayReplace: boolean): Promise<Said>;
  /** Takes the newest back: its turn, and whether nobody will hear of it. Null when there is nothing to undo. */
  undo(): Promise<{ turn: Turn; votes: PreferenceInput[]; gone: boolean } | null>;
};

/** `undoMs` is how long a vote waits; `hear` hears what becomes of each. */
export function openBooth(undoMs: () => number, hear: (report: Report) => void): Booth {
  let newest: Cast | null = null;
  /** Votes on candidates that are still being written. */
  const unwritten = new Set<string>();

  async function takeBack(outbox: Outbox, id: string): Promise<boolean> {
    return unwritten.delete(id) || outbox.undo(id);
  }

  async function send({ shown }: Turn, outbox: Outbox, vote: PreferenceInput): Promise<void> {
    const due = Date.now() + undoMs();
    const { id } = vote;
    unwritten.add(id);
    try {
      const deal = await shown.request;
      if (!unwritten.delete(id)) return;
      if (await outbox.add({ id, due, vote, ...(deal && { deal }) }, hear)) return;
      const message = 'This device has no room left: the vote is kept in memory until it is sent.';
      hear({ type: 'waiting', code: 'storage_full', message, kept: true, id });
    } catch {
      const message = 'A candidate broke off while it was being written: there is nothing whole to vote on.';
      if (unwritten.delete(id)) hear({ type: 'refused', code: 'stream_broken', message, kept: false, id, vote });
    }
  }

  return {
    cast: async (turn, outbox, choices, reason, mayReplace) => {
      const cast: Cast = { turn, outbox, votes: [], before: new Map() };
      const unsaid: PreferenceInput[] = [];
      const kept: Promise<void>[] = [];
      for (const { supersedes, ...vote } of makeVotes(turn, choices, reason)) {
        const replaced = [...turn.votes.values()].find(({ id }) => id === supersedes);
        // A mind that changes before anything was sent was never another one.
        const unsent = replaced !== undefined && (await takeBack(outbox, replaced.id));
        if (unsent) unsaid.push(replaced);
        else if (replaced && !mayReplace) continue;
        const earlier = unsent ? replaced.supersedes : supersedes;
        const made = { ...vote, ...(earlier && { supersedes: earlier }) };
        const slot = slotOf(vote.choice);
        cast.before.set(slot, unsent ? undefined : replaced);
        // Marks of single candidates take the place of a skip of them all.
        if (slot !== '') turn.votes.delete('');
        turn.votes.set(slot, made);
        cast.votes.push(made);
        kept.push(send(turn, outbox, made));
      }
      if (cast.votes.length > 0) newest = cast;
      // Not longer than a person would notice: what is still being written is kept when it is whole.
      await Promise.race([Promise.all(kept), new Promise((wake) => setTimeout(wake, LONGEST_WAIT_MS))]);
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
