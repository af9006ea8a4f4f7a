/** The demo's view of a person's taste in a real browser: picks, and what is made of them with no training in between. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PICTURES, REPLIES } from '../../scripts/demo/personal.ts';
import { python, root } from '../../scripts/demo/processes.ts';
import { demoDomain, type Stack, startStack } from '../../scripts/demo/stack.ts';
import { runTastes } from '../../scripts/demo/tastes.ts';
import { startBrowser } from '../browser.ts';

const PATIENT = { timeout: 120_000 };
const NEEDED = 4;

let weights = '';
let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  weights = await mkdtemp(join(tmpdir(), 'prefloop-personal-'));
  await promisify(execFile)(python, [join(root, 'test/gpu-runner/made_personal.py'), weights], {
    env: { ...process.env, OMP_NUM_THREADS: '1' },
  });
  const page = { domain: 'yours', seed: 3 };
  const running = { host: 'workers' as const, port: 0, model: 'tiny', folder: undefined, say: () => {} };
  [stack, browser] = await Promise.all([startStack({ ...running, page, personal: weights }), startBrowser()]);
  await stack.admin.createDomain(demoDomain('yours', 'tiny', { holdOut: 0 }));
  stack.startRunner('--domains', 'yours');
}, 240_000);

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
  await rm(weights, { recursive: true, force: true });
}, 60_000);

/** As somebody who was never here before, unless it is said who. */
async function open(view: string, { width = 1200, dark = false, as = null as BrowserContext | null } = {}) {
  const viewport = { width, height: 800 };
  const context = as ?? (await browser.newContext({ viewport, colorScheme: dark ? 'dark' : 'light' }));
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.goto(`${stack.edge}/#${view}`);
  return { page, context, errors };
}

const place = (page: Page, kind: string) => page.locator(`#picks-${kind}`);

async function pickByKey(page: Page, kind: string, keys: string[]): Promise<void> {
  for (const key of keys) {
    await place(page, kind).locator('.pick:enabled').first().waitFor(PATIENT);
    await page.keyboard.press(key);
  }
}

const known = (page: Page, kind: string) => place(page, kind).locator('.known').textContent();
const made = (page: Page, kind: string, whose: 'yours' | 'theirs') =>
  place(page, kind)
    .locator(`.${whose} > *`)
    .evaluate((shown) => (shown as HTMLImageElement).src ?? shown.textContent);

/** After the first picks, and after one more: whose answer is whose, and what has changed. */
async function expectPersonal(page: Page, kind: string, domain: string): Promise<void> {
  expect(await place(page, kind).locator('.for-you .empty').textContent()).toContain(`After ${NEEDED} picks`);
  await pickByKey(page, kind, ['1', '2', '3', '4']);
  await expect.poll(() => known(page, kind), PATIENT).toContain(`From your ${NEEDED} picks`);
  const [yours, theirs] = [await made(page, kind, 'yours'), await made(page, kind, 'theirs')];
  expect(yours).not.toBe(theirs);
  const user = await page.evaluate(() => localStorage.getItem('prefloop-user') ?? '');
  const taste = await stack.admin.getEmbedding(user, domain);

  await pickByKey(page, kind, ['2']);
  await expect.poll(() => known(page, kind), PATIENT).toContain(`From your ${NEEDED + 1} picks`);
  expect(await made(page, kind, 'theirs')).toBe(theirs);
  expect((await stack.admin.getEmbedding(user, domain)).values).not.toEqual(taste.values);
  // A text may stay the same under slightly other weights; no picture does.
  if (kind === 'pictures') expect(await made(page, kind, 'yours')).not.toBe(yours);

  const { batches, domain: its } = await stack.admin.getStats(domain);
  expect(batches).toMatchObject({ leased: 0, completed: 0 });
  expect(its.head).toBe(null);
}

describe('the view of one’s taste', { timeout: 240_000 }, () => {
  it('draws for a person after four picks by keyboard, and otherwise after one more, with nothing trained', async () => {
    const { page, errors, context } = await open('taste');
    await expectPersonal(page, 'pictures', PICTURES);

    const before = await made(page, 'pictures', 'theirs');
    await page.keyboard.press('n');
    await expect.poll(() => made(page, 'pictures', 'theirs'), PATIENT).not.toBe(before);

    const again = await open('taste', { as: context });
    await expect.poll(() => known(again.page, 'pictures'), PATIENT).toContain(`From your ${NEEDED + 1} picks`);
    expect([...errors, ...again.errors]).toEqual([]);
    await context.close();
  });

  it('writes for a person in the same way, and says what it took from the picks', async () => {
    const { page, errors, context } = await open('taste-replies');
    await expectPersonal(page, 'replies', REPLIES);
    expect(await known(page, 'replies')).toMatch(/(longer|shorter|(less )?warm)/);
    expect(errors).toEqual([]);
    await context.close();
  });

  it('stands in the address, and takes the keys of its own alone', async () => {
    const { page, context } = await open('taste');
    await place(page, 'pictures').locator('.pick:enabled').first().waitFor(PATIENT);
    expect(await page.locator('#compare').isVisible()).toBe(false);
    expect(await page.evaluate(() => scrollY)).toBe(0);
    await page.locator('.kinds a', { hasText: 'Replies' }).click();
    expect(page.url()).toContain('#taste-replies');
    await expect.poll(() => place(page, 'pictures').isVisible()).toBe(false);
    await page.locator('.tabs a', { hasText: 'Teach' }).click();
    expect(page.url()).toContain('#teach');
    await page.locator('.reply:enabled').first().waitFor(PATIENT);
    await page.keyboard.press('1');
    await expect
      .poll(async () => Object.values((await stack.admin.getStats('yours')).preferences).reduce((a, b) => a + b, 0))
      .toBe(1);
    await page.goBack();
    expect(page.url()).toContain('#taste-replies');
    await expect.poll(() => place(page, 'replies').locator('.count').textContent(), PATIENT).toBe(`1 of ${NEEDED}`);
    await context.close();
  });

  it('is put to the test by people whose tastes are known', async () => {
    const size = { people: 2, prompts: 2, seeds: 2 };
    const sizes = { pictures: size, replies: { ...size, seeds: 1 } };
    const results = await runTastes(stack, { picks: 2, seed: 1, sizes });
    expect(results.map(({ kind, people, picks }) => ({ kind, people, picks }))).toEqual([
      { kind: 'pictures', people: 2, picks: 2 },
      { kind: 'replies', people: 2, picks: 2 },
    ]);
    for (const { winRate } of results) expect(winRate).toMatchObject({ value: expect.any(Number), n: 2 });
    const { votes } = await stack.admin.getEmbedding('taste-pictures-0', PICTURES);
    expect(votes).toBe(2);
  });

  it('fits a screen of 320 pixels in the dark, and every control has a name', async () => {
    for (const [view, kind] of [
      ['taste', 'pictures'],
      ['taste-replies', 'replies'],
    ] as const) {
      const { page, context } = await open(view, { width: 320, dark: true });
      await pickByKey(page, kind, ['1', '1', '1', '1']);
      await place(page, kind).locator('.yours > *').waitFor(PATIENT);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
      for (const control of await place(page, kind).locator('button').all()) {
        expect((await control.textContent())?.trim()).not.toBe('');
      }
      for (const image of await place(page, kind).locator('img').all()) {
        expect(await image.getAttribute('alt')).toMatch(/picture/);
      }
      await context.close();
    }
  });
});
