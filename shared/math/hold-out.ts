/** The split: decided by a hash when a vote comes in, so that no later setting or order can move a unit across it. */

const utf8 = new TextEncoder();

/**
 * Uniform in [0, 1) for a split unit: the first 52 bits of SHA-256 of `project`, `domain` and `unit` joined by
 * U+001F, over 2^52. `unit` is the prompt's group (default: the prompt's id) or, where users are held out, the user.
 */
export async function splitPoint(project: string, domain: string, unit: string): Promise<number> {
  const digest = await crypto.subtle.digest('SHA-256', utf8.encode(`${project}\u001f${domain}\u001f${unit}`));
  const view = new DataView(digest);
  return (view.getUint32(0) * 2 ** 20 + (view.getUint32(4) >>> 12)) / 2 ** 52;
}

/** Whether the unit is held out: never trained on, only evaluated. `holdOut` is the share of units, 0..1. */
export async function isHeldOut(project: string, domain: string, unit: string, holdOut: number): Promise<boolean> {
  return (await splitPoint(project, domain, unit)) < holdOut;
}
