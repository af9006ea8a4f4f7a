/** Votes on their way: one at a time and in order. A refused one is dropped with its reason, an undelivered one stays. */
import { EdgeError } from '../../../shared/client/client.ts';
import type { Comparison } from '../../../shared/contracts/comparison.ts';
import type { Choice, PreferenceInput } from '../../../shared/contracts/preference.ts';
import { uuidv7 } from '../../../shared/math/uuidv7.ts';
import { edge } from './session.ts';

export type Outbox = {
  vote(comparison: Comparison, choice: Choice): void;
  /** Tries again what could not be sent. */
  send(): Promise<void>;
};

export function choiceAt(comparison: Comparison, position: number): Choice {
  const candidate = comparison.candidates[position];
  if (!candidate) throw new Error(`no candidate at position ${position}`);
  return { type: 'pair', chosen: candidate.id, position };
}

export function openOutbox(note: HTMLElement, stored: (vote: PreferenceInput) => void = () => {}): Outbox {
  const unsent: PreferenceInput[] = [];
  let sending = false;

  async function sendNext(vote: PreferenceInput): Promise<boolean> {
    try {
      await edge.createPreference(vote);
      stored(vote);
      return true;
    } catch (error) {
      const refused = error instanceof EdgeError && error.status >= 400 && error.status < 500 && error.status !== 429;
      note.textContent = refused
        ? `That vote was refused: ${error.message}`
        : 'The edge cannot be reached; your votes are kept and will be sent.';
      return refused;
    }
  }

  async function send(): Promise<void> {
    if (sending) return;
    sending = true;
    try {
      for (let next = unsent[0]; next && (await sendNext(next)); next = unsent[0]) unsent.shift();
    } finally {
      sending = false;
    }
  }

  return {
    send,
    vote: ({ id, assignment }, choice) => {
      unsent.push({ id: uuidv7(), comparison: id, choice, assignment });
      void send();
    },
  };
}
