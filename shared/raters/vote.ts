/** A vote as far as raters and models are concerned, and what it says of each two outputs. */
import type { Choice } from '../contracts/preference.ts';

export interface RaterVote {
  /** null = nobody knows whose. */
  user: string | null;
  /** Equal where the prompt is. */
  prompt: string;
  /**
   * In the dealt order. output: equal where the content is. model: the adapter that made it, null = the base, 'other' = not known.
   */
  candidates: readonly { id: string; output: string; model: string | null }[];
  /** Whether the order was drawn at random: that of imported candidates says nothing of people. */
  isDealt: boolean;
  choice: Choice;
  latencyMs: number | null;
}

/** One of two outputs found better. Candidates by their index. */
export interface Order {
  better: number;
  worse: number;
}

/** All that a vote decides; nothing for ties, skips and equal outputs. */
export function ordersOf({ candidates, choice }: RaterVote): Order[] {
  const places = placesOf(choice, candidates);
  const orders: Order[] = [];
  candidates.forEach((one, better) => {
    candidates.forEach((other, worse) => {
      const [above, below] = [places[better], places[worse]];
      if (above === undefined || below === undefined || above >= below || one.output === other.output) return;
      orders.push({ better, worse });
    });
  });
  return orders;
}

/** Of each candidate, 0 for the best; undefined where nothing was said of it. */
export function placesOf(choice: Choice, candidates: RaterVote['candidates']): (number | undefined)[] {
  switch (choice.type) {
    case 'pair':
      return candidates.map(({ id }) => Number(id !== choice.chosen));
    case 'ranking':
      return candidates.map(({ id }) => known(choice.ranking.findIndex((tier) => tier.includes(id))));
    case 'rating': {
      const rated = candidates.map(({ id }) => choice.ratings.find(({ candidate }) => candidate === id)?.rating);
      const values = [...new Set(rated.filter((each) => each !== undefined))].sort((one, other) => other - one);
      return rated.map((each) => (each === undefined ? undefined : values.indexOf(each)));
    }
    default:
      return candidates.map(() => undefined);
  }
}

const known = (index: number) => (index < 0 ? undefined : index);
