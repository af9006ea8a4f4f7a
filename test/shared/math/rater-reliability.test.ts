import { expect, test } from 'vitest';
import { seededRandom } from '../../../shared/math/random.ts';
import { type Rating, raterReliability } from '../../../shared/math/rater-reliability.ts';

/** Tasks answered by raters who find the truth so often; each task by each rater with probability `asked`. */
function simulate(tasks: number, skills: [yes: number, no: number][], asked = 1, seed = 1) {
  const random = seededRandom(seed);
  const truth = Array.from({ length: tasks }, () => random() < 0.4);
  const ratings: Rating[] = [];
  truth.forEach((yes, task) => {
    skills.forEach(([findsYes, findsNo], rater) => {
      if (random() >= asked) return;
      ratings.push({ task, rater, answer: yes ? random() < findsYes : random() >= findsNo });
    });
  });
  return { truth, ratings };
}

test('it finds how often each rater is right, and the truth better than the majority does', () => {
  const skills: [number, number][] = [
    [0.95, 0.9],
    [0.9, 0.95],
    [0.6, 0.55],
    [0.5, 0.6],
    [0.55, 0.55],
  ];
  const { truth, ratings } = simulate(2000, skills);
  const found = raterReliability(2000, 5, ratings);
  skills.forEach(([yes, no], rater) => {
    expect(Math.abs((found.raters[rater]?.yes ?? 0) - yes)).toBeLessThan(0.05);
    expect(Math.abs((found.raters[rater]?.no ?? 0) - no)).toBeLessThan(0.05);
  });
  const right = (guess: (task: number) => boolean) =>
    truth.filter((yes, task) => guess(task) === yes).length / truth.length;
  const majority = (task: number) => ratings.filter((one) => one.task === task && one.answer).length >= 3;
  expect(right((task) => (found.truth[task] ?? 0) > 0.5)).toBeGreaterThan(right(majority) + 0.05);
});

test('who votes at random has no informedness, who turns everything around a negative one', () => {
  const { ratings } = simulate(1500, [
    [0.9, 0.9],
    [0.9, 0.85],
    [0.85, 0.9],
    [0.5, 0.5],
    [0.1, 0.1],
  ]);
  const { raters } = raterReliability(1500, 5, ratings);
  expect(Math.abs(raters[3]?.informedness ?? 1)).toBeLessThan(0.08);
  expect(raters[4]?.informedness).toBeLessThan(-0.6);
});

test('a rater of two votes stays near what is usual, and one of none has none', () => {
  const { ratings } = simulate(300, [
    [0.9, 0.9],
    [0.9, 0.9],
    [0.9, 0.9],
  ]);
  const few: Rating[] = [0, 1].map((task) => ({ task, rater: 3, answer: true }));
  const { raters, truth } = raterReliability(301, 5, [...ratings, ...few]);
  expect(raters[3]?.ratings).toBe(2);
  expect(raters[3]?.yes).toBeLessThan(0.85);
  expect(raters[4]).toMatchObject({ ratings: 0, yes: 2 / 3, no: 2 / 3 });
  expect(truth[300]).toBeGreaterThan(0.2);
  expect(truth[300]).toBeLessThan(0.6);
});

test('the interval of informedness covers it about as often as it says', () => {
  const skills: [number, number][] = [...Array(6)].map((_, n) => [0.95 - 0.06 * n, 0.9 - 0.03 * n]);
  let covered = 0;
  for (let seed = 0; seed < 60; seed++) {
    const { ratings } = simulate(150, skills, 1, seed);
    raterReliability(150, 6, ratings).raters.forEach(({ low, high }, n) => {
      const [yes, no] = skills[n] as [number, number];
      if (low <= yes + no - 1 && yes + no - 1 <= high) covered++;
    });
  }
  expect(covered / 360).toBeGreaterThan(0.88);
  expect(covered / 360).toBeLessThan(0.995);
});

test('the order of the ratings does not matter', () => {
  const { ratings } = simulate(
    100,
    [
      [0.8, 0.7],
      [0.7, 0.9],
      [0.6, 0.6],
    ],
    0.6,
  );
  const one = raterReliability(100, 3, ratings);
  const other = raterReliability(100, 3, [...ratings].reverse());
  other.truth.forEach((each, task) => {
    expect(each).toBeCloseTo(one.truth[task] as number, 6);
  });
});

test('tasks that were answered alike are as likely, each of them counts', () => {
  const { ratings } = simulate(
    40,
    [
      [0.8, 0.7],
      [0.7, 0.9],
      [0.9, 0.8],
    ],
    1,
  );
  const often = [0, 40, 80].flatMap((offset) => ratings.map((each) => ({ ...each, task: each.task + offset })));
  const { raters, truth } = raterReliability(120, 3, often);
  truth.forEach((each, task) => {
    expect(each).toBe(truth[task % 40]);
  });
  expect(raters.map(({ ratings }) => ratings)).toEqual([120, 120, 120]);
  // Three times as much seen: nearer to what was seen, farther from the prior.
  const once = raterReliability(40, 3, ratings);
  raters.forEach(({ low, high }, n) => {
    const { low: before, high: after } = once.raters[n] as (typeof raters)[number];
    expect(high - low).toBeLessThan(0.8 * (after - before));
  });
});

test('a task or a rater that is none is refused', () => {
  expect(() => raterReliability(1, 1, [{ task: 1, rater: 0, answer: true }])).toThrow('no task 1');
  expect(() => raterReliability(1, 1, [{ task: 0, rater: -1, answer: true }])).toThrow('no rater -1');
});
