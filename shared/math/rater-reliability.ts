/**
 * How reliable raters are, without anybody knowing the truth: Dawid & Skene (1979) for two answers.
 *
 * Every task has a true answer, yes or no; a rater finds a yes with probability `yes` and a no with probability `no`.
 * Expectation maximisation, from the majority's answers, under a Beta(2, 1) prior for each rater, which keeps those with few
 * votes near what is usual.
 */

/** One rater's answer to one task. */
export interface Rating {
  task: number;
  rater: number;
  answer: boolean;
}

export interface Reliability {
  /** Probability that each task's true answer is yes. */
  truth: number[];
  raters: {
    yes: number;
    no: number;
    ratings: number;
    /** yes + no - 1 (Youden's J): 1 for who always finds the truth, 0 for coin flips, below for who turns it around. */
    informedness: number;
    /** 95 %, normal, from the two Beta posteriors; that the truth itself is estimated is not in it. */
    low: number;
    high: number;
  }[];
}

const MAX_ROUNDS = 500;
const CLOSE = 1e-9;
const [PRIOR_RIGHT, PRIOR_WRONG] = [2, 1];

/** @throws RangeError for a task or rater that is none. */
export function raterReliability(tasks: number, raters: number, ratings: readonly Rating[]): Reliability {
  for (const { task, rater } of ratings) {
    const known = Number.isInteger(task) && task >= 0 && task < tasks;
    if (!known || !(Number.isInteger(rater) && rater >= 0 && rater < raters)) {
      throw new RangeError(`there is no task ${task} or no rater ${rater}`);
    }
  }
  let truth = majority(tasks, ratings);
  let found = maximise(truth, raters, ratings);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = expect(tasks, truth, found, ratings);
    const moved = next.reduce((most, each, task) => Math.max(most, Math.abs(each - (truth[task] as number))), 0);
    truth = next;
    found = maximise(truth, raters, ratings);
    if (moved < CLOSE) break;
  }
  return { truth, raters: found.map(withInformedness) };
}

/** seenYes, seenNo: how many of the rater's tasks are a yes, and a no, as far as is known. */
type Found = { yes: number; no: number; ratings: number; seenYes: number; seenNo: number };

function withInformedness({ yes, no, ratings, seenYes, seenNo }: Found): Reliability['raters'][number] {
  const variance = (share: number, seen: number) => (share * (1 - share)) / (seen + PRIOR_RIGHT + PRIOR_WRONG + 1);
  const informedness = yes + no - 1;
  const half = 1.959964 * Math.sqrt(variance(yes, seenYes) + variance(no, seenNo));
  return {
    yes,
    no,
    ratings,
    informedness,
    low: Math.max(-1, informedness - half),
    high: Math.min(1, informedness + half),
  };
}

/** Share of yes; ½ where nobody answered. */
function majority(tasks: number, ratings: readonly Rating[]): number[] {
  const counts = Array.from({ length: tasks }, () => ({ yes: 0, all: 0 }));
  for (const { task, answer } of ratings) {
    const count = counts[task] as { yes: number; all: number };
    count.all++;
    count.yes += Number(answer);
  }
  return counts.map(({ yes, all }) => (all === 0 ? 0.5 : yes / all));
}

function maximise(truth: readonly number[], raters: number, ratings: readonly Rating[]): Found[] {
  const sums = Array.from({ length: raters }, () => ({ yes: 0, foundYes: 0, no: 0, foundNo: 0, ratings: 0 }));
  for (const { task, rater, answer } of ratings) {
    const [sum, yes] = [sums[rater] as (typeof sums)[number], truth[task] as number];
    sum.ratings++;
    sum.yes += yes;
    sum.no += 1 - yes;
    if (answer) sum.foundYes += yes;
    else sum.foundNo += 1 - yes;
  }
  const share = (right: number, all: number) => (right + PRIOR_RIGHT) / (all + PRIOR_RIGHT + PRIOR_WRONG);
  return sums.map(({ yes, foundYes, no, foundNo, ratings }) => ({
    yes: share(foundYes, yes),
    no: share(foundNo, no),
    ratings,
    seenYes: yes,
    seenNo: no,
  }));
}

/** The truth of every task given the raters, its prior the share of yes among all. */
function expect(tasks: number, truth: readonly number[], found: readonly Found[], ratings: readonly Rating[]) {
  const prior = (truth.reduce((sum, each) => sum + each, 0) + 1) / (tasks + 2);
  const odds = new Array<number>(tasks).fill(Math.log(prior / (1 - prior)));
  for (const { task, rater, answer } of ratings) {
    const { yes, no } = found[rater] as Found;
    odds[task] = (odds[task] as number) + (answer ? Math.log(yes / (1 - no)) : Math.log((1 - yes) / no));
  }
  return odds.map((each) => 1 / (1 + Math.exp(-each)));
}
