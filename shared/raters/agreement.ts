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
  const number = new Map(names.map((name, index) => [name, index]));
  const ratings: Rating[] = checked.flatMap((given, task) =>
    [...given].map(([user, answer]) => ({ task, rater: number.get(user) as number, answer })),
  );
  const { raters } = raterReliability(checked.length, names.length, ratings);
  const informedness: Agreement['informedness'] = new Map();
  raters.forEach(({ informedness: value, low, high, ratings }, index) => {
    if (ratings > 0) informedness.set(names[index] as string, { value, low, high, checked: ratings });
  });
  const usual = [...informedness.values()].filter((one) => one.checked >= OFTEN).map(({ value }) => value);
  const median = usual.length > 0 && agreeBeyondChance(checked) ? quantile(usual, 0.5) : 0;
  return { judgedTwice: checked.length, informedness, typical: median > 0 ? median : null };
}

/**
 * Whether two people, whichever, agree more often than a coin would have them, for certain (97.5 %). Every two people count
 * once: one who votes on everything, against all others, cannot hide that these agree.
 */
function agreeBeyondChance(checked: readonly Map<string, boolean>[]): boolean {
  const pairs = new Map<string, { same: number; all: number }>();
  for (const given of checked) {
    const answers = [...given].sort(([one], [other]) => (one < other ? -1 : 1));
    answers.forEach(([one, answer], index) => {
      for (const [other, theirs] of answers.slice(index + 1)) {
        const key = `${one} ${other}`;
        const pair = pairs.get(key) ?? { same: 0, all: 0 };
        pair.same += Number(answer === theirs);
        pair.all++;
        pairs.set(key, pair);
      }
    });
  }
  let [beyond, variance] = [0, 0];
  for (const { same, all } of pairs.values()) {
    beyond += same / all - 0.5;
    variance += 0.25 / all;
  }
  return beyond > 1.959964 * Math.sqrt(variance);
}

const judgedTwice = (answers: People['answers']) => [...answers.values()].filter((given) => given.size > 1);

/**
 * Krippendorff's α with its 95 % interval; null where nobody judged what another did. Which of two outputs comes first is of no
 * account: each pair is seen both ways, and chance is a coin.
 */
export function measureAlpha({ answers }: People): { value: number; low: number; high: number } | null {
  const units = judgedTwice(answers).map((given) => [...given.values()].map(Number));
  if (units.length === 0) return null;
  const bothWays = units.map((values) => [values, values.map((value) => 1 - value)]);
  const { value, low, high } = krippendorffInterval(bothWays, { seed: 1, resamples: RESAMPLES });
  // Where all agree a resample does too. So many pairs in a row still leave this share of disagreement possible (Clopper & Pearson 1934).
  const unseen = 1 - 0.025 ** (1 / units.length);
  return { value, low: value === 1 ? 1 - 2 * unseen : low, high };
}
