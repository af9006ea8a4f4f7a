/** Where experiments, their outcomes and their page are. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../setup/paths.mjs';

export const PAGE = join(root, 'docs', 'papers.md');
/** What the page is made of: small, and kept in the repository. */
export const REPORTS = join(root, 'docs', 'papers');

export async function experimentNames(): Promise<string[]> {
  const files = await readdir(join(root, 'gpu-runner', 'papers', 'experiments'));
  return files
    .filter((file) => file.endsWith('.py') && file !== '__init__.py')
    .map((file) => file.replace(/\.py$/, '').replaceAll('_', '-'))
    .sort();
}
