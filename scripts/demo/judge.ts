/** The tiny world's oracle: a process that samples prompts and scores replies, one JSON line in, one out. */
import { createInterface } from 'node:readline';
import { type Processes, python } from './processes.ts';

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
  const child = processes.start('judge', python, ['-m', 'prefloop.tiny.judge'], {}, { talks: true });
  const waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>();
  let last = 0;

  if (!child.stdout || !child.stdin) throw new Error('the judge has no pipes');
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line) as { id: number; error?: unknown };
    const caller = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.error) caller?.reject(new Error(`the judge refused: ${JSON.stringify(answer.error)}`));
    else caller?.resolve(answer as never);
  });

  function ask<T>(request: Record<string, unknown>): Promise<T> {
    const id = ++last;
    const answer = new Promise<T>((resolve, reject) => waiting.set(id, { resolve: resolve as never, reject }));
    child.stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
    return Promise.race([answer, processes.failure]);
  }

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
