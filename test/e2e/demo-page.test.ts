/** The page of `npm run demo`, and the console beside it, in a real browser, over the real edge, inference server and runner. */
import { rm } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoDomain, type Stack, startStack } from '../../scripts/demo/stack.ts';
import { startBrowser } from '../browser.ts';

const DOMAIN = 'yours';
const VOTES = 8;
/** What waits for the page, or for a batch to be trained, on however slow a machine. */
const PATIENT = { timeout: 120_000 };

let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  const page = { domain: DOMAIN, seed: 3 };
  const running = { host: 'workers' as const, port: 0, model: 'tiny', folder: undefined, page, say: () => {} };
  [stack, browser] = await Promise.all([startStack(running), startBrowser()]);
  await stack.admin.createDomain(demoDomain(DOMAIN, 'tiny', { batchSize: VOTES, holdOut: 0 }));
}, 240_000);

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
  if (stack) await rm(stack.folder, { recursive: true, force: true });
}, 60_000);

async function open(width: number, colorScheme: 'light' | 'dark' = 'light'): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.goto(stack.edge);
  await page.locator('.reply:enabled').first().waitFor(PATIENT);
  return { page, errors };
}

/** The operator's page of the same edge, signed in, at what happens now. */
async function openConsole(): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${stack.edge}/console#/domains/${DOMAIN}/now`);
  await page.getByLabel('Admin key').fill(stack.adminKey);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('#tabs a').first().waitFor(PATIENT);
  return { page, errors };
}

describe('the demo page', { timeout: 240_000 }, () => {
  it('shows a prompt and two replies, and says what will appear where nothing is yet', async () => {
    const { page, errors } = await open(1200);
    expect((await page.locator('#prompt').textContent())?.trim()).not.toBe('');
    for (const text of await page.locator('.reply .text').allTextContents()) expect(text.trim()).not.toBe('');
    await expect.poll(() => page.locator('#adapters').textContent(), PATIENT).toContain(`${VOTES} votes`);
    expect(await page.locator('#accuracy').textContent()).toContain('appears after');
    expect(errors).toEqual([]);
    await page.close();
  });

  it('fits a screen of 320 pixels in the dark, and every control has a name', async () => {
    const { page } = await open(320, 'dark');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    for (const control of await page.locator('button, input').all()) {
      const name = await control.evaluate((element) => {
        const labels = [...((element as HTMLInputElement).labels ?? [])].map((label) => label.textContent);
        return `${labels.join('')}${element.textContent}`.trim();
      });
      expect(name).not.toBe('');
    }
    await page.close();
  });

  it('takes votes by keyboard, trains on them, and puts the new replies beside the old ones; the console watches', async () => {
    const { page, errors } = await open(1200);
    const watching = await openConsole();
    await watching.page.getByRole('heading', { name: 'Nothing learned yet' }).waitFor(PATIENT);
    stack.startRunner();
    for (const key of ['1', '2', '1', '0', '2', '1', '2', '1']) {
      await page.locator('.reply:enabled').first().waitFor(PATIENT);
      await page.keyboard.press(key);
    }
    await expect.poll(async () => (await stack.admin.getStats(DOMAIN)).preferences.consumed ?? 0, PATIENT).toBe(VOTES);
    await expect
      .poll(() => page.locator('#adapters .live').textContent(), PATIENT)
      .toContain(`Learned from ${VOTES} votes and is answering now`);
    await expect.poll(() => page.locator('#before-after .now').count(), PATIENT).toBe(3);
    expect(await page.locator('#loss svg').getAttribute('aria-label')).toContain('Training loss');
    expect(errors).toEqual([]);
    await page.close();

    // Nobody has loaded it anew.
    await expect
      .poll(() => watching.page.locator('h1').textContent(), PATIENT)
      .toContain(`Learned from ${VOTES} votes`);
    await expect.poll(() => watching.page.locator('main').textContent(), PATIENT).toContain('and it answers now');
    await watching.page.getByRole('link', { name: 'Learning' }).click();
    await watching.page.locator('figure.plot .canvas canvas').first().waitFor(PATIENT);
    await watching.page.getByRole('link', { name: 'Adapters' }).click();
    await expect.poll(() => watching.page.locator('.lineage .adapter').count(), PATIENT).toBe(1);
    expect(await watching.page.locator('.lineage').textContent()).toContain('live');
    expect(watching.errors).toEqual([]);
    await watching.page.close();
  });

  it('says plainly where personal weights are missing', async () => {
    const { page, errors } = await open(1200);
    await page.locator('.tabs a', { hasText: 'Your taste' }).click();
    await expect.poll(() => page.locator('#picks-pictures').textContent()).toContain('not built');
    await page.keyboard.press('1');
    await page.locator('.kinds a', { hasText: 'Replies' }).click();
    await expect.poll(() => page.locator('#picks-replies').textContent()).toContain('not built');
    await page.locator('.tabs a', { hasText: 'Teach' }).click();
    await page.locator('.reply:enabled').first().waitFor(PATIENT);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('keeps a vote while the edge cannot be reached and sends it when it can', async () => {
    const { page } = await open(1200);
    const stored = async () => {
      const { preferences } = await stack.admin.getStats(DOMAIN);
      return Object.values(preferences).reduce((sum, count) => sum + count, 0);
    };
    const before = await stored();
    await page.context().setOffline(true);
    await page.keyboard.press('1');
    await expect.poll(() => page.locator('#note').textContent(), PATIENT).toContain('kept');
    await page.context().setOffline(false);
    await expect.poll(stored, PATIENT).toBe(before + 1);
    await page.close();
  });
});
