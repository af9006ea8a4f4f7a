import { createHash } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startInferenceServer } from '../worker/inference-server.ts';
import { png } from '../worker/made-image.ts';
import { compare, heard, Stage } from './stage.ts';
import { CORPUS } from './xss-corpus.ts';

const inference = await startInferenceServer();
const stage = new Stage({ INFERENCE_URL: inference.url });
beforeAll(() => stage.start());
afterAll(() => Promise.all([stage.stop(), inference.close()]));

const shadow = (page: Page) => page.evaluate<string>('widget.shadowRoot.innerHTML');

/** Everything that the widget shows with: nothing of it loads, runs, embeds or submits. */
const HARMLESS =
  'a b blockquote br button code div em fieldset img input kbd label legend li ol p pre span strong ul'.split(' ');

/** What is in the page that should not be; Chromium runs this in the page. */
const findHarm = (page: Page) =>
  page.evaluate((harmless) => {
    const root = document.querySelector('prefloop-compare')?.shadowRoot as ShadowRoot;
    const nodes = [...root.querySelectorAll('*')];
    const own = location.origin;
    return [
      ...nodes.filter(({ localName }) => !harmless.includes(localName)).map(({ outerHTML }) => outerHTML),
      ...nodes.filter((node) => node.getAttributeNames().some((name) => /^on|^style$|^src(doc|set)$/.test(name))),
      ...nodes.filter((node) => node instanceof HTMLAnchorElement && !/^https?:$/.test(node.protocol)),
      ...nodes.filter((node) => node instanceof HTMLImageElement && new URL(node.src).origin === own),
      ...('hit' in window ? ['a script of the content ran'] : []),
      ...(document.title === 'A page' ? [] : ['the page was changed']),
    ].map(String);
  }, HARMLESS);

describe('what a model wrote', () => {
  it.each(['markdown', 'plain', 'code'])('is never run, shown as %s', { timeout: 120_000 }, async (format) => {
    const all = CORPUS.join('\n\n');
    const attributes = { format, undo: '0', reason: '' };
    const { page, errors } = await stage.open({ script: compare(all, [all, `${all} `]), attributes });
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.getByRole('button', { name: 'Prefer answer 1' }).waitFor();
    expect(await findHarm(page)).toEqual([]);
    // One by one as well: together, one may hide in another's code.
    for (const text of CORPUS) {
      await page.evaluate((text) => {
        const widget = document.querySelector('prefloop-compare') as never as { compare(question: object): void };
        const steps = [
          { type: 'steps', steps: [text, 'then'] },
          { type: 'steps', steps: ['first', text] },
        ];
        widget.compare({ prompt: text, candidates: [text, `${text}.`] });
        Object.assign(window, { steps: () => widget.compare({ prompt: text, candidates: steps, kind: 'steps' }) });
      }, text);
      await expect.poll(() => page.locator('#prompt').textContent(), { timeout: 10_000 }).toBe(text);
      await page.locator('.answer:not(.waiting)').first().waitFor();
      expect(await findHarm(page)).toEqual([]);
    }
    await page.evaluate('steps()');
    await page.getByRole('radio').first().waitFor();
    expect(await findHarm(page)).toEqual([]);
    await page.waitForTimeout(200);
    expect(requests.filter((url) => !url.startsWith(stage.edge.url))).toEqual([]);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('is never run while it streams, and a hostile name of a picture stays on the edge', async () => {
    const script = `async function* write() { for (const part of ${JSON.stringify(CORPUS.join('\n').match(/.{1,7}/gs))}) yield part; }
const bad = { type: 'image', sha256: '../../x" onerror="window.hit=1' };
widget.compare({ prompt: 'Go', candidates: [{ type: 'text', text: write() }, bad] });`;
    const { page } = await stage.open({ script });
    await page.locator('[aria-busy=false].body').waitFor();
    expect(await findHarm(page)).toEqual([]);
    const src = await page.locator('img').evaluate((image) => (image as HTMLImageElement).src);
    expect(src.startsWith(`${stage.edge.url}/v1/images/${stage.project.id}/..%2F`)).toBe(true);
    await page.context().close();
  });

  it.each([
    ['[', '['.repeat(90_000)],
    ['*', '*a '.repeat(30_000)],
    ['**', '**a'.repeat(30_000)],
    ['`', '`'.repeat(45_000)],
    ['>', '>'.repeat(90_000)],
    ['lists', '- '.repeat(40_000)],
    ['](', '[a](http://'.repeat(8_000)],
    ['_', '_a'.repeat(40_000)],
  ])('takes no long time to show, however many %s it has', async (_, text) => {
    const { page } = await stage.open({ script: compare('Long?', [text, 'short']) });
    const started = Date.now();
    await page.getByRole('button', { name: 'Prefer answer 1' }).waitFor();
    expect(Date.now() - started).toBeLessThan(10_000);
    await page.context().close();
  });
});

describe('Markdown', () => {
  const html = async (text: string) => {
    const { page } = await stage.open({ script: compare('?', [text, 'other']) });
    const body = page.locator('.body').filter({ hasNotText: 'other' });
    await body.waitFor();
    const inner = await body.innerHTML();
    await page.context().close();
    return inner.replaceAll(/ (dir|target|rel|tabindex)="[^"]*"/g, '');
  };

  it('is shown with emphasis, code, lists, quotes, headings and links', async () => {
    const text = `# Title\n\nOne **bold** and *soft* \`code\`,\nnext [line](https://example.com/a_b).\n\n- a\n- b\n  1. c\n\n3. three\n\n> quoted\n\n~~~js\nlet a = 1 < 2;\n~~~`;
    expect(await html(text)).toBe(
      '<p class="heading">Title</p><p>One <strong>bold</strong> and <em>soft</em> <code>code</code>,<br>next ' +
        '<a href="https://example.com/a_b">line</a>.</p><ul><li>a</li><li>b<ol start="1"><li>c</li></ol></li></ul>' +
        '<ol start="3"><li>three</li></ol><blockquote><p>quoted</p></blockquote><pre><code>let a = 1 &lt; 2;</code></pre>',
    );
  });

  it('leaves what it does not know as it was written', async () => {
    const text = '2 * 3 * 4 and snake_case_name | <b>no</b> | [x](javascript:alert(1)) | **open';
    expect(await html(text)).toBe(`<p>${text.replace('<b>no</b>', '&lt;b&gt;no&lt;/b&gt;')}</p>`);
  });
});

describe('who made what', () => {
  it('cannot be told from the page: no model, no adapter, no id, no token', async () => {
    const { page } = await stage.open({ attributes: { prompt: 'Who are you?', undo: '0' } });
    await page.getByRole('button', { name: 'Prefer answer 1' }).click();
    await expect.poll(() => heard(page, 'sent')).toHaveLength(1);
    const id = (await heard(page, 'sent'))[0]?.detail.comparison;
    const record = await stage.edge.get('GET', `/v1/comparisons/${id}`, { bearer: stage.ingest });
    const markup = await shadow(page);
    for (const { id, origin } of record.candidates) {
      expect(markup).not.toContain(id);
      expect(markup).not.toMatch(/adapter|origin|role="(live|base|head|fast)"/);
      if (origin.adapter) expect(markup).not.toContain(origin.adapter);
    }
    expect(markup).not.toContain('a1.');
    // Ids are made in the order of the deal, so that their order tells nothing either.
    const ids = record.candidates.map((candidate: { id: string }) => candidate.id);
    expect([...ids].sort()).toEqual(ids);
    await page.context().close();
  });

  it('stands at a random place, drawn by the edge or, without a net, by the page', async () => {
    const first = new Set<string>();
    const { page, context } = await stage.open({ script: compare('?', ['A', 'B']) });
    await page.locator('.body').first().waitFor();
    await context.setOffline(true);
    for (let n = 0; n < 24; n++) {
      await page.evaluate(compare(`Question ${n}`, ['A', 'B']));
      await page.getByText(`Question ${n}`, { exact: true }).waitFor();
      first.add((await page.locator('.body').first().textContent()) ?? '');
    }
    // One of two is never first in 24 fair draws with probability 2^-23.
    expect(first).toEqual(new Set(['A', 'B']));
    await context.close();
  });
});

describe('pictures', () => {
  it('come from the edge under the strict policy, and a tap on one is a vote', async () => {
    const shas = [];
    for (const n of [1, 2]) {
      const bytes = png(n * 50);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const headers = { 'content-type': 'application/octet-stream' };
      await stage.edge.get('PUT', `/v1/images/${sha256}`, { bearer: stage.ingest, raw: bytes as never, headers });
      shas.push({ type: 'image', sha256 });
    }
    const { page, errors } = await stage.open({ script: compare('A creature', shas), attributes: { undo: '0' } });
    const picture = page.getByRole('img', { name: 'Answer 2' });
    await expect.poll(() => picture.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
    await picture.click();
    await expect.poll(() => heard(page, 'sent')).toHaveLength(1);
    expect((await heard(page, 'vote'))[0]?.detail).toMatchObject({ choice: { type: 'pair', position: 1 } });
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
