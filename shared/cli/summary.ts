/** The machine-readable summary that long commands write with `--json FILE`. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus, platform, release, totalmem } from 'node:os';

/** A plain number, or an estimate with its interval and the number of observations behind it. */
export type Figure = number | { value: number; low: number; high: number; n: number };

export interface Summary {
  name: string;
  /** The command that makes these figures again. */
  command: string;
  machine: string;
  seeds: number[];
  figures: Record<string, Figure>;
  rows?: unknown[];
}

/** "Linux 6.1, 2 × Intel Xeon, 24 GB, Node 24.21.0": what a figure was measured on. */
export function describeMachine(): string {
  const processors = cpus();
  const model = processors[0]?.model.replace(/\s+/g, ' ').trim() || process.arch;
  const system = { linux: 'Linux', darwin: 'macOS', win32: 'Windows' }[platform() as string] ?? platform();
  const gigabytes = Math.round(totalmem() / 1e9);
  const processor = [model, vectors()].filter(Boolean).join(' with ');
  return `${system} ${release().split('-')[0]}, ${processors.length} × ${processor}, ${gigabytes} GB, Node ${process.versions.node}`;
}

/** The widest vectors that Linux names, which training's speed depends on more than on anything else; '' elsewhere. */
export function vectors(cpuinfo = readIfThere('/proc/cpuinfo')): string {
  const flags = new Set(cpuinfo.match(/^flags\s*:(.*)$/m)?.[1]?.split(' '));
  const known = { amx_bf16: 'AMX', avx512_bf16: 'AVX-512 and bf16', avx512f: 'AVX-512', avx2: 'AVX2' };
  return Object.entries(known).find(([flag]) => flags.has(flag))?.[1] ?? '';
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Quotes the words that a shell would split or expand. */
export function formatCommand(words: string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

/** JSON writes NaN and infinity as null, which reads like "not measured": they are errors here. */
function checkFigures(figures: Record<string, Figure>): void {
  for (const [key, figure] of Object.entries(figures)) {
    const numbers = typeof figure === 'number' ? [figure] : [figure.value, figure.low, figure.high, figure.n];
    if (!numbers.every(Number.isFinite)) throw new Error(`figure ${key} is not a finite number: ${numbers.join(', ')}`);
  }
}

export async function writeSummary(file: string, summary: Summary): Promise<void> {
  checkFigures(summary.figures);
  await writeFile(file, `${JSON.stringify(summary, null, 2)}\n`);
}
