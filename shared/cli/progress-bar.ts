/** Progress on stderr: a bar that redraws itself on a terminal, a line now and then elsewhere. */

export interface ProgressOptions {
  label: string;
  /** What `done` counts up to; without it only the count and the rate are shown. */
  total?: number;
  /** What is counted: "rows", "votes"; bytes are shown as megabytes. */
  unit?: string;
  stream?: { write(text: string): unknown; isTTY?: boolean; columns?: number };
  /** Seconds between two lines where there is no terminal. */
  every?: number;
  now?: () => number;
}

export interface Progress {
  /** `done` is absolute; `note` stands behind the numbers. */
  update(done: number, note?: string): void;
  /** Prints a line without tearing the bar. */
  say(line: string): void;
  /** Ends the bar with the last state, or with `text` in its place. */
  finish(text?: string): void;
}

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 1234567 → "1,234,567". */
export const formatCount = (count: number) => whole.format(count);

const formatMegabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

/** 0.4 s, 12 s, 3 min 05 s, 2 h 07 min. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

function drawBar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `${'█'.repeat(full)}${'░'.repeat(width - full)}`;
}

export function startProgress(options: ProgressOptions): Progress {
  const { label, total, unit = '', stream = process.stderr, every = 10, now = Date.now } = options;
  const terminal = stream.isTTY === true;
  const started = now();
  let shown = terminal ? Number.NEGATIVE_INFINITY : started;
  let done = 0;
  let note = '';

  function describe(): string {
    const seconds = (now() - started) / 1000;
    const rate = seconds > 0.5 ? done / seconds : 0;
    const [format, name] = unit === 'bytes' ? [formatMegabytes, 'MB'] : [formatCount, unit];
    const parts = [total ? `${format(done)} of ${format(total)}` : format(done)];
    if (name) parts[0] += ` ${name}`;
    if (rate > 0) parts.push(`${rate < 10 ? rate.toFixed(1) : format(rate)}${unit === 'bytes' ? ' MB' : ''}/s`);
    if (total && rate > 0 && done < total) parts.push(`${formatSeconds((total - done) / rate)} left`);
    if (note) parts.push(note);
    return parts.join(', ');
  }

  function draw(): void {
    shown = now();
    if (!terminal) {
      stream.write(`${label}: ${describe()}\n`);
      return;
    }
    const bar = total ? `${drawBar(done / total, 24)} ` : '';
    const line = `${label} ${bar}${describe()}`;
    stream.write(`\r\x1b[2K${line.slice(0, (stream.columns || 80) - 1)}`);
  }

  return {
    update(newDone, newNote = note) {
      done = newDone;
      note = newNote;
      if (now() - shown >= (terminal ? 100 : every * 1000)) draw();
    },
    say(line) {
      stream.write(terminal ? `\r\x1b[2K${line}\n` : `${line}\n`);
      if (terminal) draw();
    },
    finish(text) {
      if (text === undefined) draw();
      else stream.write(`${terminal ? '\r\x1b[2K' : ''}${text}`);
      if (terminal || text !== undefined) stream.write('\n');
    },
  };
}
