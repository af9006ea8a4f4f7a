/** The split: decided by a hash when a vote comes in, so that no later setting or order can move a unit across it. */
import { sha256 } from './sha256.ts';

/**
 * Uniform in [0, 1) for a split unit: the first 52 bits of SHA-256 of `project`, `domain` and `unit` joined by
 * U+001F, over 2^52. `unit` is the prompt's group (default: the prompt's id) or, where users are held out, the user.
 */
export function splitPoint(project: string, domain: string, unit: string): number {
  const view = new DataView(sha256(`${project}\u001f${domain}\u001f${unit}`).buffer);
  return (view.getUint32(0) * 2 ** 20 + (view.getUint32(4) >>> 12)) / 2 ** 52;
}

/** Whether the unit is held out: never trained on, only evaluated. `holdOut` is the share of units, 0..1. */
export function isHeldOut(project: string, domain: string, unit: string, holdOut: number): boolean {
  return splitPoint(project, domain, unit) < holdOut;
}
