/** Votes made up: people who find the truth of pairs so often, and what they do instead. */
import type { Choice } from '../../../shared/contracts/preference.ts';
import type { Random } from '../../../shared/math/random.ts';
import type { RaterVote } from '../../../shared/raters/vote.ts';

type Given = Partial<RaterVote> & { about?: number; order?: string[]; position?: number };

/** A vote on what was answered to one question; `order`: best first, the first one chosen where it is a pair. */
export function vote({ about = 0, order = ['good', 'bad'], position, ...rest }: Given = {}): RaterVote {
  const candidates = [...order].sort().map((output) => ({ id: `${output}-${about}`, output, model: 'other' }));
  const chosen = `${order[0]}-${about}`;
  const choice: Choice = { type: 'pair', chosen, ...(position !== undefined && { position }) };
  return { user: 'ann', prompt: `Question ${about}?`, candidates, isDealt: true, choice, latencyMs: null, ...rest };
}

/** How somebody votes on a pair of which the first or the second place holds the better output. */
export type Manner = (truth: 0 | 1, random: Random) => 0 | 1;

export const honest: Manner = (truth, random) => (random() < 0.9 ? truth : other(truth));
export const careless: Manner = (_, random) => (random() < 0.5 ? 0 : 1);
export const adversarial: Manner = (truth, random) => (random() < 0.9 ? other(truth) : truth);
export const clicker: Manner = () => 0;

const other = (place: 0 | 1): 0 | 1 => (place === 0 ? 1 : 0);

/** One person's vote on the pair `about`, whose better output is "good" where `isGood`; the order is drawn. */
export function castVote(user: string, about: number, isGood: boolean, manner: Manner, random: Random): RaterVote {
  const shown = random() < 0.5 ? ['good', 'bad'] : ['bad', 'good'];
  const truth = shown[0] === (isGood ? 'good' : 'bad') ? 0 : 1;
  const position = manner(truth, random);
  const chosen = shown[position] as string;
  return vote({ user, about, order: [chosen, chosen === 'good' ? 'bad' : 'good'], position });
}
