/** What an operator does in the console: signs in, reads by keyboard, moves what is served, changes settings, makes keys, exports. */
import { readFile } from 'node:fs/promises';
import type { Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CORPUS } from '../widget/xss-corpus.ts';
import { DOMAIN, EMPTY } from './seed.ts';
import { ConsoleStage } from './stage.ts';

const PATIENT = { timeout: 60_000 };

describe.each(['workers', 'deno'] as const)('the console, served by %s', (host) => {
  const stage = new ConsoleStage(host);
  beforeAll(() => stage.start({ rounds: 12 }), 240_000);
  afterAll(() => stage.stop());

  let page: Page;
  let errors: string[];
  beforeEach(async () => {
    ({ page, errors } = await stage.open());
  });
  afterEach(() => page.context().close());

  const stats = (domain = DOMAIN) =>
    stage.edge.get('GET', `/v1/domains/${domain}/stats`, { bearer: stage.project.admin });
  const go = async (address: string) => {
    await page.goto(`${stage.edge.url}/console#/domains/${address}`);
    await page.locator('main h1').waitFor(PATIENT);
  };

  describe('the door', () => {
    it('says what is wrong with a key, keeps none, and leads to the address that was asked for', async () => {
      await go(`${EMPTY}/harm`);
      await page.getByLabel('Admin key').fill('sk_nothing');
      await page.keyboard.press('Enter');
      await expect.poll(() => page.getByRole('alert').textContent(), PATIENT).not.toBe('');
      await stage.signIn(page);
      await expect.poll(() => page.locator('h1').textContent(), PATIENT).toBe('Did it do harm?');
      expect(await page.getByLabel('Domain').inputValue()).toBe(EMPTY);
      const kept = await page.evaluate(() =>
        JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
      );
      expect(kept).toBe('[{},{},""]');
      let listen = () => {};
      const heard = new Promise<void>((done) => {
        listen = done;
      });
      await page.route('**/events', async (route) => {
        await heard;
        await route.continue();
      });
      await page.reload();
      await expect.poll(() => page.locator('h1').textContent(), PATIENT).toBe('Did it do harm?');
      // Who could not be signed out is told so, and still is; that the edge is heard again takes nothing of it away.
      const cut = (route: Route) => (route.request().method() === 'DELETE' ? route.abort() : route.continue());
      await page.route('**/console/session', cut);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByText('You are still signed in: ').waitFor(PATIENT);
      listen();
      await page.getByText('Live', { exact: true }).waitFor(PATIENT);
      expect(await page.getByText('You are still signed in: ').isVisible()).toBe(true);
      await page.unroute('**/console/session', cut);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('Admin key').waitFor(PATIENT);
      await page.reload();
      await page.getByLabel('Admin key').waitFor(PATIENT);
      expect(errors).toEqual([]);
    });
  });

  describe('by keyboard alone', () => {
    it('numbers are explained, curves are read, and what answers is rolled back', { timeout: 120_000 }, async () => {
      await stage.signIn(page);
      await go(`${DOMAIN}/learning`);
      await page.locator('.plot canvas').first().waitFor(PATIENT);
      await page.locator('.plot .term').first().focus();
      expect(await page.locator('#bubble').textContent()).toContain('before any update on this batch');
      await page.keyboard.press('Escape');
      expect(await page.locator('#bubble').isVisible()).toBe(false);
      const plot = page.locator('.plot').first();
      await plot.locator('.canvas').focus();
      const last = await plot.locator('.reading').textContent();
      await page.keyboard.press('Home');
      await page.keyboard.press('ArrowRight');
      expect(await plot.locator('.reading').textContent()).not.toBe(last);
      await page.keyboard.press('End');
      expect(await plot.locator('.reading').textContent()).toBe(last);

      const before = await stats();
      await go(`${DOMAIN}/adapters`);
      await page.getByRole('button', { name: 'Roll back…' }).focus();
      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog');
      await dialog.waitFor();
      expect(await dialog.textContent()).toContain('Training is not touched');
      await page.keyboard.type('Too long.');
      await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('Space');
      expect(await dialog.textContent()).toContain(
        '1 adapter after it retires, and up to 12 votes wait to be trained on again',
      );
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      expect((await stats()).domain.live).toBe(before.domain.live);

      await page.keyboard.press('Enter');
      await dialog.waitFor();
      await page.keyboard.type('Too long.');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await dialog.waitFor({ state: 'detached', ...PATIENT });
      const after = await stats();
      expect(after.domain.live).toBe(before.moves[0].from);
      expect([after.moves[0].action, after.moves[0].note]).toEqual(['rollback', 'Too long.']);
      expect(after.domain.head).toBe(before.domain.head);
      await expect.poll(() => page.locator('.lead').first().textContent(), PATIENT).toContain('1 adapter later');
      expect(errors).toEqual([]);
    });

    it('an adapter whose gate failed is served only with a tick that says why it failed', async () => {
      await stage.signIn(page);
      const failed = stage.seeded.adapters[5] as string;
      await go(`${DOMAIN}/adapters/${failed}`);
      await page.getByRole('button', { name: 'Serve this adapter…' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name: 'Serve it' }).click();
      await expect.poll(() => dialog.getByRole('alert').textContent(), PATIENT).toContain('force');
      await dialog.getByLabel('Serve it although it failed').check();
      await dialog.getByRole('button', { name: 'Serve it' }).click();
      await dialog.waitFor({ state: 'detached', ...PATIENT });
      expect((await stats()).domain.live).toBe(failed);
    });
  });

  describe('settings', () => {
    it('are saved field by field; what is wrong is said beside its field', async () => {
      await stage.signIn(page);
      await go(`${DOMAIN}/settings`);
      const form = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Recipe' }) });
      await form.getByLabel('Beta').fill('0.7');
      await form.getByLabel('Epochs').fill('many');
      await form.getByRole('button', { name: 'Save' }).click();
      await expect.poll(() => form.locator('#recipe-recipe-epochs-problem').textContent(), PATIENT).not.toBe('');
      expect(await form.getByLabel('Epochs').getAttribute('aria-invalid')).toBe('true');
      expect((await stats()).domain.recipe.beta).toBe(0.3);
      await form.getByLabel('Epochs').fill('2');
      await form.getByRole('button', { name: 'Save' }).click();
      await expect.poll(() => form.getByRole('status').textContent(), PATIENT).toBe('Saved.');
      expect((await stats()).domain.recipe).toMatchObject({ method: 'dpo', beta: 0.7, epochs: 2, rank: 16 });
    });

    it('offer the fields of the method that is chosen, with its defaults', async () => {
      await stage.signIn(page);
      await go(`${EMPTY}/settings`);
      await page.getByLabel('Method').selectOption('simpo');
      expect(await page.getByLabel('Gamma beta ratio').inputValue()).toBe('0.25');
      const form = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Recipe' }) });
      await form.getByRole('button', { name: 'Save' }).click();
      await expect.poll(() => form.getByRole('status').textContent(), PATIENT).toBe('Saved.');
      expect((await stats(EMPTY)).domain.recipe).toMatchObject({ method: 'simpo', beta: 2, gammaBetaRatio: 0.25 });
    });

    it('an emptied bound is no longer checked, and a group that is not ticked is not there', async () => {
      await stage.signIn(page);
      await go(`${DOMAIN}/settings`);
      const form = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Gates' }) });
      await form.getByLabel('Max KL').fill('');
      await form.getByRole('button', { name: 'Save' }).click();
      await expect.poll(() => form.getByRole('status').textContent(), PATIENT).toBe('Saved.');
      expect((await stats()).domain.gates).toEqual({ minAccuracy: 0.5, maxDisplacement: 0.4, maxLengthRatio: 2 });
    });

    it('a key is shown once, works, and is revoked after being asked twice', async () => {
      await stage.signIn(page);
      await go(`${DOMAIN}/settings`);
      await page.getByLabel('A new key, for').fill('the importer');
      await page.getByLabel('ingest').check();
      await page.getByRole('button', { name: 'Make it' }).click();
      const secret = (await page.locator('.secret code').textContent(PATIENT)) ?? '';
      expect((await stage.edge.call('GET', '/v1/preferences?limit=1', { bearer: secret })).status).toBe(200);
      await page.getByRole('button', { name: 'Revoke the importer' }).click();
      await page.getByRole('button', { name: 'Yes, for good' }).click();
      const row = page.getByRole('row').filter({ hasText: 'the importer' });
      await expect.poll(() => row.textContent(), PATIENT).toContain('revoked');
      await page.reload();
      await page.getByRole('row').filter({ hasText: 'the importer' }).waitFor(PATIENT);
      expect(await page.locator('.secret').count()).toBe(0);
    });

    it('votes come as a file that trainers read', async () => {
      await stage.signIn(page);
      await go(`${DOMAIN}/settings`);
      const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Download' }).click(),
      ]);
      expect(file.suggestedFilename()).toBe(`${DOMAIN}-trl.jsonl`);
      const rows = (await readFile(await file.path(), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(rows.length).toBeGreaterThan(50);
      expect(Object.keys(rows[0])).toEqual(['prompt', 'chosen', 'rejected']);
    });
  });

  describe('answers', () => {
    it('are shaded word by word, with a scale in words', async () => {
      await stage.signIn(page);
      await go(`${DOMAIN}/answers`);
      await page.getByLabel('Prompt').fill('Where is it?');
      await page.getByLabel('Answer').fill('On its way');
      await page.getByRole('button', { name: 'Show' }).click();
      await page.locator('.tokens').focus(PATIENT);
      await page.keyboard.press('Home');
      expect(await page.locator('.reading').textContent()).toMatch(
        /"O" is liked much more than under its reference: \+0\.\d\d nats/,
      );
      expect(await page.locator('.scale').textContent()).toContain('much less');
    });
  });
});

describe('what a person or a model wrote', () => {
  it('is never run, wherever the console shows it', { timeout: 240_000 }, async () => {
    const hostile = new ConsoleStage();
    await hostile.start({ rounds: 2, texts: CORPUS });
    try {
      const { page, errors } = await hostile.open();
      const requests: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      await hostile.signIn(page);
      for (const view of [
        'now',
        'adapters',
        'people',
        'people/anna',
        'people/%3Cimg%20src=x%20onerror=window.hit=1%3E',
        'answers',
      ]) {
        await page.goto(`${hostile.edge.url}/console#/domains/${DOMAIN}/${view}`);
        await page.waitForTimeout(700);
        if (view === 'answers') {
          await page.getByLabel('Prompt').fill(CORPUS.join(' '));
          await page.getByLabel('Answer').fill(CORPUS.join('\n'));
          await page.getByRole('button', { name: 'Show' }).click();
          await page.locator('.tokens').waitFor(PATIENT);
        }
        const harm = await page.evaluate(() => [
          ...[
            ...document.querySelectorAll(
              'main script, main iframe, main object, main embed, main base, main style, main link, main video, main audio, main math, main marquee',
            ),
          ].map(({ outerHTML }) => outerHTML),
          ...[...document.querySelectorAll('main *')]
            .filter((node) => node.getAttributeNames().some((name) => name.startsWith('on')))
            .map(({ outerHTML }) => outerHTML),
          ...[...document.querySelectorAll<HTMLAnchorElement>('main a')]
            .filter(({ protocol }) => !/^https?:$/.test(protocol))
            .map(({ href }) => href),
          ...('hit' in window ? ['a script of the content ran'] : []),
        ]);
        expect([view, harm]).toEqual([view, []]);
      }
      expect(requests.filter((url) => !url.startsWith(hostile.edge.url) && !url.startsWith('data:'))).toEqual([]);
      expect(errors).toEqual([]);
    } finally {
      await hostile.stop();
    }
  });
});
