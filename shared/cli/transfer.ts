/** Files on their way: a bar on a terminal, nothing elsewhere; Ctrl-C ends it in order. */
import { exitCode } from './command.ts';
import { onInterrupt } from './interrupt.ts';
import { startProgress } from './progress-bar.ts';

/**
 * Runs `move` with a signal that Ctrl-C aborts and a function that hears of every piece. Returns an exit code when it was
 * interrupted, else undefined.
 */
export async function runTransfer(
  label: string,
  total: number,
  move: (signal: AbortSignal, onBytes: (bytes: number) => void) => Promise<void>,
): Promise<number | undefined> {
  const progress = process.stderr.isTTY ? startProgress({ label, unit: 'bytes', total }) : undefined;
  const { signal, release } = onInterrupt();
  let done = 0;
  try {
    await move(signal, (bytes) => {
      done += bytes;
      progress?.update(done);
    });
    return undefined;
  } catch (error) {
    if (signal.aborted) return exitCode.interrupted;
    throw error;
  } finally {
    progress?.finish();
    release();
  }
}

export const totalBytes = (files: readonly { bytes: number }[]) => files.reduce((sum, { bytes }) => sum + bytes, 0);
