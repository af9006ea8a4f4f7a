/** The configurations that are measured, and what each process writes down. */
import { join } from 'node:path';
import { peersPython, python, scripts } from './prepare.ts';
import { ALLOCATOR } from './process.ts';

export type Variant = {
  name: string;
  what: string;
  dtype: 'fp32' | 'bf16';
  program: string;
  args: string[];
  /** With our allocator settings and one thread per core, or with what the machine gives. */
  settled: boolean;
};

/** Written by gpu-runner/bench/recorder.py; memory in bytes. */
export type Measured = {
  stepSeconds: number[];
  losses: number[];
  /** reference: to compute the log-probabilities of the base for all pairs beforehand. */
  seconds: { reference?: number };
  rssLoaded: number;
  peakRss: number;
  threads: number;
  /** Through the decoder, and through the head, in the policy's forward pass. */
  tokens: number;
  headRows: number;
  /** Hash of the token ids of all pairs. */
  ids: string;
  /** Tokens of prompt, chosen and rejected of every pair; only our side knows them. */
  lengths?: [number, number, number][];
  versions: Record<string, string>;
};

const trl = join(scripts, 'peers', 'train.py');
const ours = join(scripts, 'train.py');

const TRL = [
  { name: 'trl.default', what: 'TRL as it comes', args: [] },
  { name: 'trl.tuned', what: 'TRL tuned', args: ['--tuned'] },
];
const OURS = [
  { name: 'ours.online', what: 'ours, reference in the step', args: ['--reference', 'online'] },
  { name: 'ours.cached', what: 'ours, reference cached', args: ['--reference', 'cached'] },
];
const TWINS = [
  {
    name: 'ours.twin.online',
    what: 'ours, fast and slow, reference in the step',
    args: ['--twin', '--reference', 'online'],
  },
  {
    name: 'ours.twin.cached',
    what: 'ours, fast and slow, reference cached',
    args: ['--twin', '--reference', 'cached'],
  },
];

/** In the order in which a run goes through them: what is compared most closely stands side by side. */
export const VARIANTS: Variant[] = (['fp32', 'bf16'] as const).flatMap((dtype) => {
  const make = (program: string, script: string) => (each: (typeof TRL)[number]) => ({
    name: `${each.name}.${dtype}`,
    what: each.what,
    dtype,
    program,
    args: [script, '--dtype', dtype, ...each.args],
    settled: each.name !== 'trl.default',
  });
  const single = [...TRL.map(make(peersPython, trl)), ...OURS.map(make(python, ours))];
  return dtype === 'fp32' ? [...single, ...TWINS.map(make(python, ours))] : single;
});

export const findVariant = (name: string): Variant => {
  const found = VARIANTS.find((variant) => variant.name === name);
  if (!found) throw new Error(`there is no variant ${name}`);
  return found;
};

export const settledEnvironment = (threads: number) => ({ ...ALLOCATOR, OMP_NUM_THREADS: String(threads) });
