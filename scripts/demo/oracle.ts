/** A process of the tiny world that knows the truth: one JSON line in, one out. */
import { createInterface } from 'node:readline';
import { type Processes, python } from './processes.ts';

export type Ask = <T>(request: Record<string, unknown>) => Promise<T>;

/** `module`: a Python module that answers lines. An answer with an `error` is our bug, and thrown. */
export function startOracle(processes: Processes, name: string, module: string): Ask {
  const child = processes.start(name, python, ['-m', module], {}, { talks: true });
  const waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>();
  let last = 0;

  if (!child.stdout || !child.stdin) throw new Error(`the ${name} has no pipes`);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line) as { id: number; error?: unknown };
    const caller = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.error) caller?.reject(new Error(`the ${name} refused: ${JSON.stringify(answer.error)}`));
    else caller?.resolve(answer as never);
  });

  return <T>(request: Record<string, unknown>) => {
    const id = ++last;
    const answer = new Promise<T>((resolve, reject) => waiting.set(id, { resolve: resolve as never, reject }));
    child.stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
    return Promise.race([answer, processes.failure]);
  };
}
