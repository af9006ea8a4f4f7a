/** A real runner as a process of its own, heard through its JSON log. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { venvProgram } from '../../scripts/setup/paths.mjs';

export type LogLine = { event: string } & Record<string, unknown>;

export class RunnerProcess {
  readonly lines: LogLine[] = [];
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  #stderr = '';
  readonly #child: ChildProcess;
  #heard: (() => void)[] = [];

  /** `options` are further command-line options; `env` may carry PREFLOOP_CRASH_AT. */
  constructor(edge: string, key: string, cache: string, options: string[], env: Record<string, string> = {}) {
    const fixed = ['--edge', edge, '--cache', cache, '--threads', '1', '--poll', '0.2', '--log', 'json'];
    this.#child = spawn(venvProgram('python'), ['-m', 'prefloop.cli', 'run', ...fixed, ...options], {
      cwd: fileURLToPath(new URL('../../gpu-runner', import.meta.url)),
      env: { ...process.env, PREFLOOP_KEY: key, OMP_NUM_THREADS: '1', HF_HUB_OFFLINE: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stderr?.on('data', (text) => {
      this.#stderr += text;
    });
    const lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
    lines.on('line', (line) => {
      this.lines.push(JSON.parse(line));
      for (const hear of this.#heard.splice(0)) hear();
    });
    this.ended = Promise.all([once(this.#child, 'exit'), once(lines, 'close')]).then(([[code, signal]]) => {
      for (const hear of this.#heard.splice(0)) hear();
      return { code, signal };
    });
  }

  /** Resolves with the `count`-th line of this event; throws when the process ends before. */
  async saw(event: string, count = 1): Promise<LogLine> {
    for (;;) {
      const line = this.lines.filter((each) => each.event === event)[count - 1];
      if (line) return line;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        await this.ended;
        const late = this.lines.filter((each) => each.event === event)[count - 1];
        if (late) return late;
        throw new Error(`the runner ended before ${event} ${count}: ${this.said()}`);
      }
      await new Promise<void>((hear) => this.#heard.push(hear));
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  said(): string {
    return `${this.lines.map((line) => JSON.stringify(line)).join('\n')}\n${this.#stderr}`;
  }
}
