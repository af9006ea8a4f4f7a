/** axe over the widget in every state it can be in; used by the tests and by `npm run bench -- widget`. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { png } from '../worker/made-image.ts';
import { compare, type Stage } from './stage.ts';

type AxeResult = { violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[]; passes: object[] };

const source = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Rules that the page breaks, with where; every rule that axe has on, best practices included. */
export async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate(await source);
  const { violations, passes } = await page.evaluate<AxeResult>('axe.run(document, { resultTypes: ["violations"] })');
  if (passes.length === 0) throw new Error('axe has looked at nothing');
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

export type Look = { name: string; script: string; attributes: Record<string, string> };

const LONG = `# Delivery\n\nYour parcel is **on its way**, see [the map](https://example.com).\n\n- one\n- two\n\n> quoted \`code\`\n\n\`\`\`js\nconst parcel = await find('A-17'); // ${'long '.repeat(40)}\n\`\`\``;

/** Every kind, with contents of every kind. */
export async function everyLook(stage: Stage): Promise<Look[]> {
  const pictures = [];
  for (const n of [1, 2, 3]) {
    const bytes = png(n * 60);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const headers = { 'content-type': 'application/octet-stream' };
    await stage.edge.get('PUT', `/v1/images/${sha256}`, { bearer: stage.ingest, raw: bytes as never, headers });
    pictures.push({ type: 'image', sha256 });
  }
  const steps = [
    { type: 'steps', steps: ['4 + 5 = 9', '3 · 9 = 27'] },
    { type: 'steps', steps: ['3 · 4 = 12', '12 + 5 = 17'] },
  ];
  const stream = `async function* write() { yield 'One'; await new Promise(() => {}); }
widget.compare({ prompt: 'Say it', candidates: [{ type: 'text', text: write() }, 'Whole'] });`;
  return [
    { name: 'pair', script: compare('Which reply is better?', [LONG, '']), attributes: { reason: '' } },
    { name: 'code', script: compare('Which code is better?', [LONG, 'x']), attributes: { format: 'code' } },
    { name: 'pictures', script: compare('A creature on snow', pictures), attributes: {} },
    { name: 'stream', script: stream, attributes: {} },
    { name: 'ranking', script: compare('In order?', [LONG, 'B', 'C'], { kind: 'ranking' }), attributes: {} },
    { name: 'rating', script: compare('How good?', [LONG, 'B'], { kind: 'rating' }), attributes: {} },
    { name: 'steps', script: compare('What is 3 · (4 + 5)?', steps, { kind: 'steps' }), attributes: {} },
  ];
}

/** Pages follow the system's colours, as the example does. */
export const HEAD = '<meta name="color-scheme" content="light dark">';
