/** Whether people agree on what several of them judged, and how much the votes of each say of it. */
import { krippendorffInterval } from '../math/krippendorff-interval.ts';
import { quantile } from '../math/quantile.ts';
import { type Rating, raterReliability } from '../math/rater-reliability.ts';
import type { People } from './people.ts';

export interface Agreement {
  judgedTwice: number;
  /** By person; without who was never checked. */
  informedness: Map<string, { value: number; low: number; high: number; checked: number }>;
  /** Median informedness of those who were checked often; null where people are not seen to agree beyond chance. */
  typical: number | null;
}

const RESAMPLES = 500;
/** Checks before somebody counts to what is usual. */
const OFTEN = 10;

export function measureAgreement({ people, answers }: People): Agreement {
  const checked = judgedTwice(answers);
  const names = [...people.keys()];
  const ratings: Rating[] = [];
  checked.forEach((given, task) => {
    for (const [rater, answer] of given) ratings.push({ task, rater, answer });
  });
  const { raters } = raterReliability(checked.length, names.length, ratings);
  const informedness: Agreement['informedness'] = new Map();
  raters.forEach(({ informedness: value, low, high, ratings }, index) => {
    if (ratings > 0) informedness.set(names[index] as string, { value, low, high, checked: ratings });
  });
  const usual = [...informedness.values()].filter((one) => one.checked >= OFTEN).map(({ value }) => value);
  const median = usual.length > 0 && agreeBeyondChance(checked, names.length) ? quantile(usual, 0.5) : 0;
  return { judgedTwice: checked.length, informedness, typical: median > 0 ? median : null };
}

/**
 * Whether two people, whichever, agree more often than a coin would have them, for certain (97.5 %). Every two people count
 * once: one who votes on everything, against all others, cannot hide that these agree.
 */
function agreeBeyondChance(checked: readonly Map<number, boolean>[], people: number): boolean {
  const tasks = checked.map((given) => {
    const answers = [...given].sort(([one], [other]) => one - other);
    return {
      raters: Int32Array.from(answers, ([rater]) => rater),
      answers: Uint8Array.from(answers, ([, answer]) => Number(answer)),
    };
  });
  // Of each person, the first of those who judged the same after them.
  const judged = Array.from({ length: people }, (): { task: number; next: number }[] => []);
  tasks.forEach(({ raters }, task) => {
    raters.forEach((rater, at) => {
      judged[rater]?.push({ task, next: at + 1 });
    });
  });
  const [same, all] = [new Int32Array(people), new Int32Array(people)];
  let [beyond, variance] = [0, 0];
  for (const own of judged) {
    same.fill(0);
    all.fill(0);
    for (const { task, next } of own) {
      const { raters, answers } = tasks[task] as (typeof tasks)[number];
      const answer = answers[next - 1];
      for (let at = next; at < raters.length; at++) {
        const other = raters[at] as number;
        all[other] = (all[other] as number) + 1;
        if (answers[at] === answer) same[other] = (same[other] as number) + 1;
      }
    }
    for (let other = 0; other < people; other++) {
      const both = all[other] as number;
      if (both === 0) continue;
      beyond += (same[other] as number) / both - 0.5;
      variance += 0.25 / both;
    }
  }
  return beyond > 1.959964 * Math.sqrt(variance);
}

const judgedTwice = (answers: People['answers']) => [...answers.values()].filter((given) => given.size > 1);

/**
 * Krippendorff's α with its 95 % interval; null where nobody judged what another did. Which of two outputs comes first is of no
 * account: each pair is seen both ways, and chance is a coin.
 */
export function measureAlpha({ answers }: People): { value: number; low: number; high: number } | null {
  const units = judgedTwice(answers);
  if (units.length === 0) return null;
  // So many said the one and so many the other: few ways in which many pairs of outputs were judged.
  const ways = new Map<string, number[][]>();
  const bothWays = units.map((given) => {
    let firsts = 0;
    for (const isFirst of given.values()) firsts += Number(isFirst);
    const way = `${firsts} ${given.size}`;
    const known = ways.get(way);
    if (known) return known;
    const values = [...given.values()].map(Number);
    const both = [values, values.map((value) => 1 - value)];
    ways.set(way, both);
    return both;
  });
  const { value, low, high } = krippendorffInterval(bothWays, { seed: 1, resamples: RESAMPLES });
  // Where all agree a resample does too. So many pairs in a row still leave this share of disagreement possible (Clopper & Pearson 1934).
  const unseen = 1 - 0.025 ** (1 / units.length);
  return { value, low: value === 1 ? 1 - 2 * unseen : low, high };
}
