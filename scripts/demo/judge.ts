/** The tiny world's oracle of replies: a process that samples prompts and scores replies. */
import { startOracle } from './oracle.ts';
import type { Processes } from './processes.ts';

export type WorldPrompt = { messages: { role: 'system' | 'user'; content: string }[]; text: string };
export type Score = { score: number; parsed: boolean };

export type Judge = {
  prompts(n: number, seed: number, split: 'train' | 'held_out'): Promise<WorldPrompt[]>;
  /** Of pictures, which leave most of a creature open: that is where tastes differ. */
  captions(n: number, seed: number | string): Promise<string[]>;
  /** Scores of each item's replies by a persona's taste; a reply that does not parse scores below all that do. */
  score(persona: string, items: { prompt: string; replies: string[] }[]): Promise<Score[][]>;
};

export function startJudge(processes: Processes): Judge {
  const ask = startOracle(processes, 'judge', 'prefloop.tiny.judge');
  return {
    async prompts(n, seed, split) {
      return (await ask<{ prompts: WorldPrompt[] }>({ op: 'prompts', kind: 'replies', n, seed, split })).prompts;
    },
    async captions(n, seed) {
      return (await ask<{ captions: string[] }>({ op: 'captions', n, seed, fewest: 1, most: 2 })).captions;
    },
    async score(persona, items) {
      const { scores, parsed } = await ask<{ scores: number[][]; parsed: boolean[][] }>({
        op: 'score',
        persona,
        items,
      });
      return scores.map((row, item) => row.map((score, reply) => ({ score, parsed: parsed[item]?.[reply] ?? false })));
    },
  };
}
