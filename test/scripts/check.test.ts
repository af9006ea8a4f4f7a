import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const checkout = mkdtempSync(join(tmpdir(), 'prefloop-check-'));
afterAll(() => rmSync(checkout, { recursive: true, force: true }));

test('the linter refuses an interactive transaction at the edge, and not in a page', () => {
  for (const name of ['biome.json', 'scripts']) cpSync(name, join(checkout, name), { recursive: true });
  spawnSync('git', ['init', '--quiet'], { cwd: checkout });
  symlinkSync(resolve('node_modules'), join(checkout, 'node_modules'));
  const source = 'export const erase = (db: { transaction(work: () => void): void }) => db.transaction(() => {});\n';
  for (const folder of ['store', 'widget']) {
    mkdirSync(join(checkout, 'worker', folder), { recursive: true });
    writeFileSync(join(checkout, 'worker', folder, 'erase.ts'), source);
  }
  const lint = (folder: string) =>
    spawnSync('node_modules/.bin/biome', ['lint', `worker/${folder}`], { cwd: checkout, encoding: 'utf8' });
  expect(lint('store').status).toBe(1);
  expect(lint('store').stderr).toContain('D1 has no interactive transactions');
  expect(lint('widget').status).toBe(0);
});
