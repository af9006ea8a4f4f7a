/**
 * How reliable raters are, without anybody knowing the truth: Dawid & Skene (1979) for two answers.
 *
 * Every task has a true answer, yes or no; a rater finds a yes with probability `yes` and a no with probability `no`.
 * Expectation maximisation, from the majority's answers, under a Beta(2, 1) prior for each rater, which keeps those with few
 * votes near what is usual.
 */

import { type Patterns, tellPatterns } from './rating-patterns.ts';

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
  const { patterns, patternOf } = tellPatterns(tasks, ratings);
  let truth = majority(patterns);
  let found = maximise(truth, raters, patterns);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = expect(truth, found, patterns);
    const moved = next.reduce((most, each, at) => Math.max(most, Math.abs(each - (truth[at] as number))), 0);
    truth = next;
    found = maximise(truth, raters, patterns);
    if (moved < CLOSE) break;
  }
  return { truth: patternOf.map((at) => truth[at] as number), raters: found.map(withInformedness) };
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
function majority({ begin, answer }: Patterns): Float64Array {
  return Float64Array.from({ length: begin.length - 1 }, (_, at) => {
    const answers = answer.subarray(begin[at], begin[at + 1]);
    return answers.length === 0 ? 0.5 : answers.reduce((sum, each) => sum + each, 0) / answers.length;
  });
}

function maximise(truth: Float64Array, raters: number, { tasks, begin, rater, answer }: Patterns): Found[] {
  const sums = Array.from({ length: raters }, () => ({ yes: 0, foundYes: 0, no: 0, foundNo: 0, ratings: 0 }));
  for (let at = 0; at < truth.length; at++) {
    const count = tasks[at] as number;
    const yes = count * (truth[at] as number);
    const no = count - yes;
    for (let n = begin[at] as number; n < (begin[at + 1] as number); n++) {
      const sum = sums[rater[n] as number] as (typeof sums)[number];
      sum.ratings += count;
      sum.yes += yes;
      sum.no += no;
      if (answer[n] === 1) sum.foundYes += yes;
      else sum.foundNo += no;
    }
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
function expect(truth: Float64Array, found: readonly Found[], { tasks, begin, rater, answer }: Patterns): Float64Array {
  let [expected, all] = [0, 0];
  for (let at = 0; at < truth.length; at++) {
    expected += (tasks[at] as number) * (truth[at] as number);
    all += tasks[at] as number;
  }
  const prior = (expected + 1) / (all + 2);
  // What the answer of a rater adds to the odds.
  const no = Float64Array.from(found, (each) => Math.log((1 - each.yes) / each.no));
  const yes = Float64Array.from(found, (each) => Math.log(each.yes / (1 - each.no)));
  const start = Math.log(prior / (1 - prior));
  const next = new Float64Array(truth.length);
  for (let at = 0; at < truth.length; at++) {
    let odds = start;
    for (let n = begin[at] as number; n < (begin[at + 1] as number); n++) {
      odds += (answer[n] === 1 ? yes : no)[rater[n] as number] as number;
    }
    next[at] = 1 / (1 + Math.exp(-odds));
  }
  return next;
}
