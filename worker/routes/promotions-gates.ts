/** Whether an adapter's gates allow it to be served. Pure. */
import type { Gate } from '../../shared/contracts/adapter.ts';
import type { GateBounds } from '../../shared/contracts/recipe.ts';

const GATE_OF: Record<Exclude<keyof GateBounds, 'mitigation'>, Gate['name']> = {
  minAccuracy: 'accuracy',
  maxDisplacement: 'displacement',
  maxKl: 'kl',
  maxLengthRatio: 'length',
};

/** Why it may not be served; null = every gate passed, and every bound of the domain has its gate. */
export function gateProblem(gates: readonly Gate[], bounds: GateBounds): string | null {
  const failed = gates.find(({ passed }) => !passed);
  if (failed)
    return `The gate ${failed.name} failed: ${failed.reason ?? `it is ${failed.value}, bound ${failed.bound}`}.`;
  for (const [bound, name] of Object.entries(GATE_OF)) {
    const isBound = bounds[bound as keyof GateBounds] !== undefined;
    if (isBound && !gates.some((gate) => gate.name === name)) return `The gate ${name} was not measured.`;
  }
  return null;
}
