/** From stored votes: do people agree, do they favour a place, and whose votes say little? */
import type { Preference } from '../contracts/preference.ts';
import { canonicalJson } from '../math/canonical-json.ts';
import { krippendorffAlpha } from '../math/krippendorff-alpha.ts';
import { type PositionBias, positionBias } from '../math/position-bias.ts';
import { type Rating, raterReliability } from '../math/rater-reliability.ts';

export interface RaterReport {
  /** Those that say which of two is better: no ties, no skips, none that a later vote replaced. */
  votes: number;
  people: number;
  /** Pairs of outputs that at least two people judged: what agreement is measured on. */
  judgedTwice: number;
  /** Krippendorff's α of those; NaN where there are none. */
  alpha: number;
  position: PositionBias;
  /** Most votes first. */
  raters: RaterLine[];
}

export interface RaterLine {
  user: string;
  votes: number;
  /** Pairs of theirs that others judged too. */
  checked: number;
  /** How much the votes say of what others find too: 1 all, 0 nothing, below 0 the opposite. NaN without such pairs. */
  informedness: number;
  position: PositionBias;
}

interface Person {
  votes: number;
  shown: [first: number, second: number];
}

/** Reads the votes once; memory grows with the pairs of outputs that were judged. */
export async function reportRaters(votes: AsyncIterable<Preference>): Promise<RaterReport> {
  const people = new Map<string, Person>();
  const answers = new Map<string, Map<string, boolean>>();
  const shown: [number, number] = [0, 0];
  let counted = 0;
  for await (const vote of votes) {
    const orders = vote.supersededBy === null ? ordersOf(vote) : [];
    if (orders.length === 0) continue;
    counted++;
    const person = vote.user === null ? undefined : people.get(vote.user);
    const known: Person = person ?? { votes: 0, shown: [0, 0] };
    known.votes++;
    const { choice } = vote;
    if (choice.type === 'pair' && vote.comparison.candidates.length === 2 && choice.position !== undefined) {
      for (const counts of [shown, known.shown]) counts[choice.position === 0 ? 0 : 1]++;
    }
    if (vote.user === null) continue;
    people.set(vote.user, known);
    for (const [task, isFirst] of orders) {
      const given = answers.get(task) ?? new Map<string, boolean>();
      answers.set(task, given.set(vote.user, isFirst));
    }
  }
  return { votes: counted, people: people.size, position: positionBias(...shown), ...agreement(people, answers) };
}

function agreement(people: Map<string, Person>, answers: Map<string, Map<string, boolean>>) {
  const checked = [...answers.values()].filter((given) => given.size > 1);
  const names = [...people.keys()];
  const number = new Map(names.map((name, index) => [name, index]));
  const ratings: Rating[] = checked.flatMap((given, task) =>
    [...given].map(([user, answer]) => ({ task, rater: number.get(user) as number, answer })),
  );
  const found = raterReliability(checked.length, names.length, ratings);
  const raters = names.map((user, index): RaterLine => {
    const { votes, shown } = people.get(user) as Person;
    const { ratings: count = 0, informedness = Number.NaN } = found.raters[index] ?? {};
    return {
      user,
      votes,
      checked: count,
      informedness: count > 0 ? informedness : Number.NaN,
      position: positionBias(...shown),
    };
  });
  raters.sort((one, other) => other.votes - one.votes || (one.user < other.user ? -1 : 1));
  // Which of two outputs comes first is of no account: seen both ways, chance is a coin.
  const units = checked.map((given) => [...given.values()].map(Number));
  const alpha = krippendorffAlpha(units.flatMap((values) => [values, values.map((value) => 1 - value)]));
  return { judgedTwice: checked.length, alpha, raters };
}

/** [pair of outputs, whether the first of them, in the order of their texts, is better] for all that a vote decides. */
function ordersOf({ comparison, choice }: Preference): [string, boolean][] {
  const place = new Map<string, number>();
  if (choice.type === 'pair') for (const { id } of comparison.candidates) place.set(id, id === choice.chosen ? 0 : 1);
  if (choice.type === 'ranking') {
    choice.ranking.forEach((tier, index) => {
      for (const id of tier) place.set(id, index);
    });
  }
  const prompt = canonicalJson(comparison.prompt);
  const shown = comparison.candidates
    .map(({ id, content }) => ({ text: canonicalJson(content), place: place.get(id) }))
    .sort((one, other) => (one.text < other.text ? -1 : 1));
  return shown.flatMap((one, index) =>
    shown
      .slice(index + 1)
      .filter((other) => one.text !== other.text && one.place !== other.place)
      .map((other): [string, boolean] => [
        canonicalJson([prompt, one.text, other.text]),
        (one.place as number) < (other.place as number),
      ]),
  );
}
