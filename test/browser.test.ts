import { expect, test } from 'vitest';
import { startBrowser } from './browser.ts';

test('a real browser starts, runs scripts and keeps origins apart', async () => {
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    await page.setContent('<p></p><script>document.querySelector("p").textContent = String(1 + 1)</script>');
    expect(await page.textContent('p')).toBe('2');
    await page.setContent('<iframe srcdoc="secret" sandbox></iframe>');
    expect(await page.evaluate('document.querySelector("iframe").contentDocument')).toBeNull();
    await page.context().close();
    await (await browser.newContext()).newPage();
  } finally {
    await browser.close();
  }
});
