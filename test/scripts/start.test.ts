import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'prefloop-start-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(source: string, ...args: string[]) {
  const script = join(folder, 'script.ts');
  writeFileSync(script, source);
  const child = spawn(process.execPath, ['scripts/start.mjs', script, ...args]);
  let stdout = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number, stdout })) };
}

test('runs TypeScript with Node 24 or newer, hands the arguments on and ends as the script ended', async () => {
  const script = `const major: number = Number(process.versions.node.split('.')[0]);
    console.log(major >= 24, process.argv.slice(2).join(' '));
    process.exit(7);`;
  expect(await start(script, '--auto', '--votes', '3').ended).toEqual({ code: 7, stdout: 'true --auto --votes 3\n' });
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s reaches the script, which ends in its own way', async (signal) => {
  const script = `process.on('${signal}', () => process.exit(5));
    setInterval(() => {}, 1000);
    console.log('ready');`;
  const { child, ended } = start(script);
  await once(child.stdout, 'data');
  child.kill(signal);
  expect((await ended).code).toBe(5);
});
