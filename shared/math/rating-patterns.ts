import type { Rating } from './rater-reliability.ts';

/** Tasks that the same raters answered in the same way are alike: one stands for all of them, in hundreds of rounds. */
export interface Patterns {
  /** How many tasks each pattern stands for. */
  tasks: Float64Array;
  /** Its answers are those from here, up to where the next one's begin. */
  begin: Int32Array;
  rater: Int32Array;
  /** 1 = yes */
  answer: Uint8Array;
}

/** patternOf: of each task, the index of its pattern. */
export function tellPatterns(tasks: number, ratings: readonly Rating[]): { patterns: Patterns; patternOf: number[] } {
  const given = Array.from({ length: tasks }, (): number[] => []);
  for (const { task, rater, answer } of ratings) given[task]?.push(2 * rater + Number(answer));
  const known = new Map<string, number>();
  const [distinct, counts]: [number[][], number[]] = [[], []];
  const patternOf = given.map((answers) => {
    const key = answers.join();
    const at = known.get(key) ?? distinct.push(answers) - 1;
    known.set(key, at);
    counts[at] = (counts[at] ?? 0) + 1;
    return at;
  });
  const flat = distinct.flat();
  const begin = new Int32Array(distinct.length + 1);
  distinct.forEach((answers, at) => {
    begin[at + 1] = (begin[at] as number) + answers.length;
  });
  const rater = Int32Array.from(flat, (each) => each >> 1);
  return {
    patternOf,
    patterns: { tasks: Float64Array.from(counts), begin, rater, answer: Uint8Array.from(flat, (each) => each & 1) },
  };
}
