/** What the training bench measures with: the model, the pairs, and the peers' own environment. Made once and kept. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { root, venv, venvProgram } from '../../scripts/setup/paths.mjs';
import { UsageError } from '../../shared/cli/arguments.ts';
import { runProgram } from './process.ts';

export const kept = join(root, '.prefloop', 'bench');
export const scripts = join(root, 'gpu-runner', 'bench');
export const python = venvProgram('python');
const peers = join(kept, 'peers');
export const peersPython = join(peers, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

/** The files of the data folder. Throws UsageError that says where a user gets them. */
export function findData(folder: string | undefined): { texts: string; pairs: string } {
  const where =
    'gsm8k/train.jsonl (question, answer) and gsm8k/pairs.jsonl (prompt, chosen, rejected). Both come from ' +
    'github.com/openai/grade-school-math, folder grade_school_math/data: train.jsonl as it is, and pairs of a right and ' +
    'a wrong solution of one question from example_model_solutions.jsonl';
  if (!folder) throw new UsageError(`--data or PREFLOOP_DATA must name a folder with ${where}`);
  const files = { texts: join(folder, 'gsm8k', 'train.jsonl'), pairs: join(folder, 'gsm8k', 'pairs.jsonl') };
  for (const file of Object.values(files)) {
    if (!existsSync(file)) throw new UsageError(`${file} does not exist; the folder must hold ${where}`);
  }
  return files;
}

export async function hashFiles(files: string[], ...facts: string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(file)).update('\0');
  for (const fact of facts) hash.update(fact).update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** The folder of the benchmark's model, made from the seed and the texts. */
export async function prepareModel(texts: string, seed: number): Promise<string> {
  const script = join(scripts, 'make_model.py');
  const folder = join(kept, 'models', await hashFiles([script, texts], String(seed)));
  if (existsSync(folder)) return folder;
  const draft = `${folder}.draft`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  await runProgram(python, [script, '--texts', texts, '--out', draft, '--seed', String(seed)]);
  await rename(draft, folder);
  return folder;
}

/** Installs exactly what the lock names, in an environment apart from the product's. */
export async function preparePeers(say: (line: string) => void): Promise<void> {
  const lock = join(scripts, 'peers', 'requirements.lock');
  const stamp = join(peers, 'stamp');
  const wanted = await hashFiles([lock], venv);
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === wanted) return;
  say("Installing TRL in an environment of its own (about 5 GB, shared with uv's cache where it can be) …");
  const uv = venvProgram('uv');
  await mkdir(kept, { recursive: true });
  await runProgram(uv, ['venv', '--quiet', '--clear', '--python', python, peers]);
  await runProgram(uv, ['pip', 'sync', '--quiet', '--require-hashes', '--python', peersPython, lock]);
  await writeFile(stamp, wanted);
}

/** Every file that could change a result: our code, the bench's, what is installed. */
export async function listSources(): Promise<string[]> {
  const folders = [
    'prefloop/adapters',
    'prefloop/text',
    'prefloop/objectives',
    'prefloop/recipes',
    'bench',
    'bench/peers',
  ];
  const files: string[] = ['requirements.lock', 'prefloop/base.py'].map((name) => join(root, 'gpu-runner', name));
  for (const folder of folders) {
    const names = (await readdir(join(root, 'gpu-runner', folder))).filter((name) => /\.(py|lock)$/.test(name)).sort();
    files.push(...names.map((name) => join(root, 'gpu-runner', folder, name)));
  }
  return files;
}

/** Two threads of one core share its multipliers: more threads than cores only get in each other's way. */
export async function countCores(): Promise<number> {
  if (!existsSync('/proc/cpuinfo')) return cpus().length;
  const processors = (await readFile('/proc/cpuinfo', 'utf8')).split('\n\n');
  const cores = processors.flatMap((text) => text.match(/^(physical|core) id\s*:.*$/gm)?.join() ?? []);
  return new Set(cores).size || cpus().length;
}
