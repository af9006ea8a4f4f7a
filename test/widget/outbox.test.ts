import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProfile } from '../browser.ts';
import { compare, heard, Stage } from './stage.ts';

const stage = new Stage();
beforeAll(() => stage.start());
afterAll(() => stage.stop());

const QUEUE = `let n = 0;
widget.source = () => ({ prompt: 'Question ' + ++n, candidates: ['A' + n, 'B' + n] });`;
const SOON = { undo: '0' };

/** Ids of what is kept in the browser for later. */
const kept = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        const request = indexedDB.open('prefloop', 1);
        request.onsuccess = () => {
          const all = request.result.transaction('votes').objectStore('votes').getAll();
          all.onsuccess = () => resolve(all.result.map(({ id }) => id));
        };
      }),
  );
const ids = async (page: Page, type: string) => (await heard(page, type)).map(({ detail }) => detail.id as string);
const storedIds = async () => (await stage.votes()).map(({ id }) => id as string);

async function vote(page: Page, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    const before = (await heard(page, 'vote')).length;
    await page.getByRole('button', { name: `Prefer answer ${(n % 2) + 1}` }).click();
    await expect.poll(() => heard(page, 'vote')).toHaveLength(before + 1);
  }
}

/** Requests for votes are answered by `answer` instead of by the edge, in all pages of the context. */
async function intercept(context: BrowserContext, answer: (post: () => Promise<unknown>) => Promise<'drop' | 'pass'>) {
  await context.route('**/v1/preferences', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    const post = () => route.fetch();
    if ((await answer(post)) === 'pass') await route.continue();
    else await route.abort('connectionreset');
  });
}

describe('the outbox', () => {
  it('keeps votes of an offline day over reloads, and delivers each once when the net is back', async () => {
    const { page, context } = await stage.open({ script: QUEUE, attributes: SOON });
    await page.getByText('Question 1').waitFor();
    await page.waitForTimeout(300);
    await context.setOffline(true);
    await vote(page, 5);
    const cast = await ids(page, 'vote');
    expect(cast).toHaveLength(5);
    await expect.poll(() => page.getByRole('status').textContent()).toContain('Kept on this device');
    expect((await heard(page, 'error')).filter(({ detail }) => detail.kept)).toHaveLength(1);
    await page.close();
    await context.setOffline(false);
    const { page: later } = await stage.open({ script: QUEUE, attributes: SOON, context });
    await expect.poll(() => kept(later), { timeout: 10_000 }).toEqual([]);
    const all = (await storedIds()).filter((id) => cast.includes(id));
    expect(all.sort()).toEqual([...cast].sort());
    // What was cast on an earlier visit is told to the page as well.
    await expect.poll(async () => (await ids(later, 'sent')).sort()).toEqual([...cast].sort());
    await context.close();
  });

  it('sends a vote again when its answer got lost, and the edge counts it once', async () => {
    const { page, context } = await stage.open({ script: QUEUE, attributes: SOON });
    let lost = 0;
    await intercept(context, async (post) => {
      if (lost >= 2) return 'pass';
      lost++;
      await post();
      return 'drop';
    });
    await vote(page, 2);
    await expect.poll(() => ids(page, 'sent'), { timeout: 15_000 }).toHaveLength(2);
    const cast = await ids(page, 'vote');
    expect((await storedIds()).filter((id) => cast.includes(id))).toHaveLength(2);
    expect((await heard(page, 'sent'))[0]?.detail.replayed).toBe(true);
    await context.close();
  });

  it('has a vote on disk when the page hears of it: a browser that crashes loses nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'prefloop-profile-'));
    try {
      const before = await startProfile(folder);
      const { page } = await stage.open({ script: QUEUE, attributes: { undo: '8' }, context: before });
      await vote(page, 2);
      const cast = await ids(page, 'vote');
      const session = await before.newCDPSession(page);
      const closed = new Promise((resolve) => before.once('close', resolve));
      void session.send('Browser.crash').catch(() => {});
      await closed;
      expect((await storedIds()).filter((id) => cast.includes(id))).toEqual([]);
      const after = await startProfile(folder);
      const { page: later } = await stage.open({ script: QUEUE, attributes: { undo: '0' }, context: after });
      await expect.poll(() => ids(later, 'sent'), { timeout: 20_000 }).toEqual(cast);
      expect((await storedIds()).filter((id) => cast.includes(id))).toEqual(cast);
      await after.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 60_000);

  it('does not let one vote that the edge fails on hold up the others', async () => {
    const { page, context } = await stage.open({ script: QUEUE, attributes: SOON });
    let failing = true;
    let first = '';
    await context.route('**/v1/preferences', (route) => {
      const { id } = JSON.parse(route.request().postData() ?? '{}');
      first ||= id;
      const json = { code: 'internal', message: 'Something went wrong here.', requestId: 'r' };
      const headers = { 'access-control-allow-origin': '*' };
      return failing && id === first ? route.fulfill({ status: 500, headers, json }) : route.continue();
    });
    await vote(page, 3);
    await expect.poll(() => ids(page, 'sent'), { timeout: 10_000 }).toHaveLength(2);
    failing = false;
    await expect.poll(() => ids(page, 'sent'), { timeout: 15_000 }).toContain(first);
    await context.close();
  });

  it('takes no proxy’s page for the edge’s answer', async () => {
    const { page, context } = await stage.open({ script: QUEUE, attributes: SOON });
    let portal = true;
    await context.route('**/v1/preferences', (route) =>
      portal
        ? route.fulfill({
            status: 403,
            headers: { 'access-control-allow-origin': '*', 'content-type': 'text/html' },
            body: '<h1>Log in to the train’s network</h1>',
          })
        : route.continue(),
    );
    await vote(page, 1);
    await expect.poll(() => heard(page, 'error')).toHaveLength(1);
    expect((await heard(page, 'error'))[0]?.detail).toMatchObject({ code: 'invalid_answer', kept: true });
    portal = false;
    await expect.poll(() => ids(page, 'sent'), { timeout: 15_000 }).toHaveLength(1);
    await context.close();
  });

  it('of two tabs sends each vote once, and tells the tab that cast it', async () => {
    const { page: one, context } = await stage.open({ script: QUEUE, attributes: SOON });
    const { page: two } = await stage.open({ script: QUEUE, attributes: SOON, context });
    const posts: string[] = [];
    context.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/v1/preferences'))
        posts.push(JSON.parse(request.postData() ?? '{}').id);
    });
    await context.setOffline(true);
    for (const page of [one, two, one, two]) await vote(page, 1);
    posts.length = 0;
    await context.setOffline(false);
    await expect.poll(() => ids(one, 'sent'), { timeout: 15_000 }).toHaveLength(2);
    await expect.poll(() => ids(two, 'sent'), { timeout: 15_000 }).toHaveLength(2);
    expect(await ids(one, 'sent')).toEqual(await ids(one, 'vote'));
    expect(await ids(two, 'sent')).toEqual(await ids(two, 'vote'));
    expect(new Set(posts).size).toBe(posts.length);
    await context.close();
  });

  it('sends a vote that could still be undone when the page is left', async () => {
    const { page, context } = await stage.open({ script: QUEUE });
    await vote(page, 1);
    const [id] = await ids(page, 'vote');
    await page.goto('about:blank');
    await expect.poll(storedIds, { timeout: 10_000 }).toContain(id);
    await context.close();
  });

  it('says so when the disk is full, and sends from memory', async () => {
    const { page, context } = await stage.open({ script: QUEUE, attributes: { undo: '1' } });
    await page.getByText('Question 1').waitFor();
    const session = await context.newCDPSession(page);
    await session.send('Storage.overrideQuotaForOrigin', { origin: stage.origin, quotaSize: 1 });
    await vote(page, 1);
    await expect.poll(() => heard(page, 'error')).toHaveLength(1);
    expect((await heard(page, 'error'))[0]?.detail).toMatchObject({ code: 'storage_full', kept: true });
    expect(await page.getByRole('status').textContent()).toContain('This device is full');
    await expect.poll(() => ids(page, 'sent'), { timeout: 10_000 }).toHaveLength(1);
    await context.close();
  });

  it.each([
    ['a year behind', -365],
    ['a year ahead', 365],
  ])('is not confused by a clock that is %s, nor by one that is set right in between', async (_, days) => {
    const { page, context } = await stage.open({ script: QUEUE, attributes: { undo: '1' } });
    await page.getByText('Question 1').waitFor();
    const shift = (by: number) =>
      page.evaluate((ms) => {
        const real = (window as never as { real?: () => number }).real ?? Date.now;
        Object.assign(window, { real });
        Date.now = () => real() + ms;
      }, by * 86_400_000);
    await shift(days);
    await vote(page, 1);
    await shift(0);
    await vote(page, 1);
    await expect.poll(() => ids(page, 'sent'), { timeout: 10_000 }).toHaveLength(2);
    await context.close();
  });

  it('asks for a new token when the old one has ended, and loses nothing meanwhile', async () => {
    const { page, context } = await stage.open({ script: QUEUE, attributes: SOON });
    await page.getByText('Question 1').waitFor();
    let ended = true;
    const refuse = { code: 'token_expired', message: 'It has expired.', requestId: 'r' };
    await context.route('**/v1/preferences', (route) =>
      ended
        ? route.fulfill({ status: 401, headers: { 'access-control-allow-origin': '*' }, json: refuse })
        : route.continue(),
    );
    await vote(page, 1);
    await expect.poll(() => heard(page, 'token')).toHaveLength(1);
    expect(await page.getByRole('status').textContent()).toContain('Please sign in.');
    expect(await kept(page)).toHaveLength(1);
    ended = false;
    const wish = { user: 'anna', scopes: ['collect'], expiresInSeconds: 1800 };
    const { token } = await stage.edge.get('POST', '/v1/user-tokens', { bearer: stage.project.admin, body: wish });
    await page.evaluate((token) => Object.assign((window as never as { widget: object }).widget, { token }), token);
    await expect.poll(() => ids(page, 'sent'), { timeout: 10_000 }).toHaveLength(1);
    await context.close();
  });

  it('asks a function of the page for tokens, and gets the answers with the new one', async () => {
    const old = await stage.project.createUserToken('anna', ['collect']);
    const script = `window.calls = 0;
widget.token = () => (calls++ ? window.fresh : ${JSON.stringify(`${old.slice(0, -4)}AAAA`)});
${compare('Who is there?', ['A', 'B'])}`;
    const { page, context } = await stage.open({ script, user: null, attributes: SOON });
    await expect.poll(() => heard(page, 'token')).not.toEqual([]);
    await page.evaluate((token) => Object.assign(window, { fresh: token }), old);
    await page.evaluate('widget.token = () => fresh');
    await vote(page, 1);
    await expect.poll(() => ids(page, 'sent')).toHaveLength(1);
    await context.close();
  });

  it('never sends one person’s vote as another’s', async () => {
    const { page, context } = await stage.open({ script: QUEUE, attributes: SOON, user: 'carla' });
    await page.getByText('Question 1').waitFor();
    await page.waitForTimeout(200);
    await page.evaluate(() => {
      window.fetch = () => Promise.reject(new TypeError('no net'));
    });
    await vote(page, 1);
    const [id] = await ids(page, 'vote');
    await page.close();
    const { page: next } = await stage.open({ script: QUEUE, attributes: SOON, user: 'dora', context });
    await vote(next, 1);
    await expect.poll(() => ids(next, 'sent')).toHaveLength(1);
    expect(await storedIds()).not.toContain(id);
    await next.close();
    const { page: back } = await stage.open({ script: QUEUE, attributes: SOON, user: 'carla', context });
    await expect.poll(() => ids(back, 'sent')).toEqual([id]);
    expect((await stage.votes()).find((vote) => vote.id === id).user).toBe('carla');
    await context.close();
  });

  it('tells the page what the edge refuses for good, with the whole vote, and goes on with the next', async () => {
    const { page, context } = await stage.open({ script: QUEUE, attributes: SOON });
    const refusal = { code: 'assignment_expired', message: 'It is older than seven days.', requestId: 'r' };
    let refusals = 1;
    await context.route('**/v1/preferences', (route) =>
      route.request().method() === 'POST' && refusals-- > 0
        ? route.fulfill({ status: 403, headers: { 'access-control-allow-origin': '*' }, json: refusal })
        : route.continue(),
    );
    await vote(page, 2);
    await expect.poll(() => heard(page, 'error'), { timeout: 10_000 }).toHaveLength(1);
    const [first, second] = await ids(page, 'vote');
    const [{ detail } = { detail: {} }] = await heard(page, 'error');
    expect(detail).toMatchObject({ code: 'assignment_expired', kept: false, vote: { id: first } });
    await expect.poll(() => ids(page, 'sent'), { timeout: 10_000 }).toEqual([second]);
    await context.close();
  });
});
