/** The console's session in a real browser: what the page may do, and what a page of another port may not. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBrowser } from '../../browser.ts';
import { describeOnHosts } from '../hosts.ts';

let browser: Browser;
let neighbour: Server;
beforeAll(async () => {
  browser = await startBrowser();
  neighbour = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<p>elsewhere</p>'));
  await new Promise<void>((done) => neighbour.listen(0, '127.0.0.1', done));
});
afterAll(async () => {
  await browser?.close();
  neighbour?.close();
});

describeOnHosts('a browser at the console', (edge) => {
  it('signs in by the page’s form, stays signed in after a reload, and no script reads the cookie', async () => {
    const { id, admin } = await edge.createProject();
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`${edge.url}/console`);
    await page.locator('input[type=password]').fill(admin);
    await page.keyboard.press('Enter');
    const who = () =>
      page.evaluate(() => fetch('/console/session').then(async (r) => (r.ok ? (await r.json()).project.id : r.status)));
    await expect.poll(who).toBe(id);
    await page.reload();
    expect(await who()).toBe(id);
    expect(await page.evaluate(() => document.cookie)).toBe('');
    expect(errors).toEqual([]);
    await page.close();
  });

  it('is not used by a page of another port, though the browser sends it the cookie', async () => {
    const { admin } = await edge.createProject();
    const page = await browser.newPage();
    await page.goto(`${edge.url}/console`);
    const opened = await page.evaluate(
      (key) =>
        fetch('/console/session', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ key }),
        }).then((response) => response.status),
      admin,
    );
    expect(opened).toBe(200);
    const origin = `http://127.0.0.1:${(neighbour.address() as AddressInfo).port}`;
    await page.goto(origin);
    const tried = await page.evaluate(async (url) => {
      const init = { credentials: 'include', headers: { 'content-type': 'application/json' } } as const;
      const read = await fetch(`${url}/v1/keys`, { credentials: 'include' }).then(
        () => 'read',
        () => 'refused',
      );
      const body = JSON.stringify({ name: 'theirs', scopes: ['admin'] });
      const wrote = await fetch(`${url}/v1/keys`, { ...init, method: 'POST', body }).then(
        () => 'wrote',
        () => 'refused',
      );
      // Without a preflight the request goes out; the edge refuses it.
      await fetch(`${url}/v1/keys`, { credentials: 'include', method: 'POST', mode: 'no-cors', body });
      await fetch(`${url}/console/session`, { credentials: 'include', method: 'POST', mode: 'no-cors', body: '{}' });
      return [read, wrote];
    }, edge.url);
    expect(tried).toEqual(['refused', 'refused']);
    expect((await edge.get('GET', '/v1/keys', { bearer: admin })).items).toHaveLength(1);
    await page.close();
  });
});
