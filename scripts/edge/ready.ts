/** A started edge says `edge ready: URL (HOST)` once; whoever started it waits for that line. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

export function printReady(url: string, host: string): void {
  console.log(`edge ready: ${url} (${host})`);
}

/** The address in the ready line; rejects when the process ends before it. Later output is passed on. */
export function readyLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    lines.on('line', (line) => {
      const url = /^edge ready: (\S+)/.exec(line)?.[1];
      if (url) resolve(url);
      else console.error(line);
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => reject(new Error(`the edge ended with ${signal ?? code} before it was ready`)));
  });
}
