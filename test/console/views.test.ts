/** Every view of the console, on an edge with a history and on one without: whole, explained, readable, and at rest. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findViolations } from '../widget/axe.ts';
import { DOMAIN, EMPTY } from './seed.ts';
import { ConsoleStage } from './stage.ts';

const PATIENT = { timeout: 60_000 };
const VIEWS = ['now', 'learning', 'adapters', 'harm', 'people', 'people/anna', 'answers', 'settings'];

/** Goes there, and waits until nothing is asked for any more. */
async function show(page: Page, domain: string, view: string): Promise<void> {
  const { origin } = new URL(page.url());
  await page.goto(`${origin}/console#/domains/${domain}/${view}`);
  await page.locator('main h1:not(:text-is("…"))').waitFor(PATIENT);
  await page.locator('#link:not(:text-is("Connecting…"))').waitFor(PATIENT);
  if (view === 'settings') await page.locator('.schema').nth(2).waitFor(PATIENT);
  await page.waitForTimeout(300);
}

/** Numbers that no name explains: each stands in a cell whose column or row has a name, or beside its name. */
const findUnexplained = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('main .figure')]
      .filter((figure) => {
        const cell = figure.closest('td');
        const head = cell?.closest('table')?.querySelectorAll('thead th')[cell.cellIndex];
        const row = cell?.parentElement?.querySelector('th');
        const beside = figure.closest('.figures > div, .key');
        return ![head, row, beside].some((place) => place?.querySelector('.term'));
      })
      .map((figure) => figure.parentElement?.outerHTML),
  );

// How a page looks does not depend on who serves it.
describe('in light and in dark', () => {
  const stage = new ConsoleStage();
  beforeAll(() => stage.start(), 240_000);
  afterAll(() => stage.stop());

  async function look(colorScheme: 'light' | 'dark', width: number): Promise<void> {
    const { page, context, errors } = await stage.open('', { viewport: { width, height: 900 }, colorScheme });
    await page.getByLabel('Admin key').waitFor();
    await stage.signIn(page);
    const places = [DOMAIN, EMPTY].flatMap((domain) => VIEWS.map((view) => [domain, view] as const));
    for (const [domain, view] of places) {
      await show(page, domain, view);
      const at = `${colorScheme} ${domain}/${view}`;
      expect([at, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([at, width]);
      expect([at, await findUnexplained(page)]).toEqual([at, []]);
    }
    expect(errors).toEqual([]);
    // After that: axe itself makes scripts from texts, which the page's policy reports.
    for (const [domain, view] of width === 768 ? [] : places) {
      await show(page, domain, view);
      expect([colorScheme, domain, view, await findViolations(page)]).toEqual([colorScheme, domain, view, []]);
    }
    await context.close();
  }

  it.each([320, 768, 1280])(
    'every view fits %i pixels, breaks no rule of axe, and explains its numbers',
    { timeout: 240_000 },
    async (width) => {
      await Promise.all([look('light', width), look('dark', width)]);
    },
  );
});

describe.each(['workers', 'deno'] as const)('what stands there, served by %s', (host) => {
  const stage = new ConsoleStage(host);
  let page: Page;
  beforeAll(async () => {
    await stage.start();
    ({ page } = await stage.open());
    await stage.signIn(page);
  }, 240_000);
  afterAll(() => stage.stop());

  it('Now says what was learned last, which votes are where, and what was set aside', async () => {
    await show(page, DOMAIN, 'now');
    expect(await page.locator('h1').textContent()).toMatch(/^Learned from 12 votes, /);
    expect(await page.locator('.alarms .alarm').textContent()).toContain(
      '1 batch failed 2 times and was set aside: 12 votes wait in it.',
    );
    const stats = await stage.edge.get('GET', `/v1/domains/${DOMAIN}/stats`, { bearer: stage.project.admin });
    const learned = page.locator('.figures > div').filter({ hasText: 'Learned from' });
    expect(await learned.locator('.figure').textContent()).toBe(String(stats.preferences.consumed));
    expect(await page.getByRole('table', { name: 'Batches that are not completed' }).textContent()).toContain(
      'CUDA out of memory',
    );
  });

  it('Learning draws each question, and stands as numbers too', async () => {
    await show(page, DOMAIN, 'learning');
    expect(await page.locator('.plot canvas').count()).toBe(9);
    expect(await page.locator('.view').textContent()).toContain('2 adapters that a rewind cut off are left out.');
    const loss = page.locator('.plot').filter({ hasText: 'Is the loss falling?' });
    await loss.locator('summary').click();
    await expect.poll(() => loss.locator('tbody tr').count(), PATIENT).toBe(12);
  });

  it('Adapters draws who descends from whom, with head, live, what was cut off and why one was held back', async () => {
    await show(page, DOMAIN, 'adapters');
    expect(await page.locator('.lineage li').count()).toBe(15);
    expect(await page.locator('.lineage li').first().textContent()).toMatch(/live.*head/);
    expect(await page.locator('.lineage').textContent()).toContain('held back by displacement');
    await page.locator(`[data-sha="${stage.seeded.adapters[5]}"] a`).click();
    await expect.poll(() => page.locator('.detail').textContent()).toContain('more than 0.4');
    expect(new URL(page.url()).hash).toBe(`#/domains/${DOMAIN}/adapters/${stage.seeded.adapters[5]}`);
    expect(await page.getByRole('table', { name: 'Moves, newest first' }).textContent()).toContain(
      'Replies became curt',
    );
  });

  it('Harm says how many failed, and honestly what nothing measures', async () => {
    await show(page, DOMAIN, 'harm');
    expect(await page.locator('.lead').textContent()).toBe('1 adapter of the last 14 failed a gate and was held back.');
    expect(await page.locator('.view').textContent()).toContain('Nothing measures this yet');
  });

  it('People says whether they agree, whose votes are worth a look, and which model they like', async () => {
    await show(page, DOMAIN, 'people');
    const report = await stage.edge.get('GET', `/v1/domains/${DOMAIN}/raters`, { bearer: stage.project.admin });
    const people = page.getByRole('table', { name: 'People, most votes first' });
    await expect.poll(() => people.locator('tbody tr').count(), PATIENT).toBe(report.raters.length);
    const alpha = page.locator('.figures > div').filter({ hasText: 'Agreement' });
    expect(await alpha.locator('b').textContent()).toBe(report.alpha.toFixed(2).replace('-', '−'));
    const emil = report.raters.find(({ user }: { user: string }) => user === 'emil');
    expect(emil.suspicions).toContain('haste');
    expect(await people.getByRole('row').filter({ hasText: 'emil' }).textContent()).toContain('too fast to read');
    await page.getByRole('button', { name: 'answers too fast to read' }).focus();
    expect(await page.locator('#bubble').textContent()).toContain('less than one second');
    await page.getByText('What raises a suspicion').click();
    expect(await page.locator('.rules').textContent()).toMatch(/20 checks.*7 of 10 votes.*one second.*9 of 10/s);
    expect(await page.getByRole('table', { name: 'Models by strength' }).locator('tbody tr').count()).toBe(
      report.models.length,
    );
  });

  it('A person has a taste with its uncertainty, and their own votes alone', async () => {
    await show(page, DOMAIN, 'people/anna');
    await expect
      .poll(() => page.getByRole('table', { name: 'The embedding' }).locator('tbody tr').count(), PATIENT)
      .toBe(3);
    expect(await page.getByRole('table', { name: 'The embedding' }).textContent()).toMatch(/warm.*brief.*formal/);
    expect(await page.getByRole('table', { name: 'Votes, newest first' }).locator('tbody tr').count()).toBeGreaterThan(
      5,
    );
  });

  it('A person is told why they are answered as they are, as the edge decides it', async () => {
    const at = `domain=${DOMAIN}`;
    const route = await stage.edge.get('GET', `/v1/users/anna/route?${at}`, { bearer: stage.project.admin });
    expect(route.personal).toBe('mixture');
    await show(page, DOMAIN, 'people/anna');
    const reasons = page.locator('.because li');
    await expect.poll(() => reasons.count(), PATIENT).toBe(route.because.length);
    expect(await reasons.allTextContents()).toEqual(route.because);
    expect(await page.locator('.lead').textContent()).toBe(
      `A mixture of their own answers this person, made from ${route.votes} votes.`,
    );
  });

  it('A person’s older votes come page by page, each once', async () => {
    await show(page, DOMAIN, 'people/anna');
    const rows = page.getByRole('table', { name: 'Votes, newest first' }).locator('tbody tr');
    await expect.poll(() => rows.count(), PATIENT).toBe(50);
    const of = `user=anna&domain=${DOMAIN}&limit=500`;
    const { items } = await stage.edge.get('GET', `/v1/preferences?${of}`, { bearer: stage.project.admin });
    const older = page.getByRole('button', { name: 'Older votes' });
    while (await older.count()) {
      const before = await rows.count();
      await older.click();
      await expect.poll(() => rows.count(), PATIENT).toBeGreaterThan(before);
    }
    expect(await rows.count()).toBe(items.length);
  });

  it('Answers stands before and now side by side, with what was asked', async () => {
    await show(page, DOMAIN, 'answers');
    const { live, samples } = await stage.edge.get('GET', `/v1/domains/${DOMAIN}/samples`, {
      bearer: stage.project.admin,
    });
    const shown = page.locator('.sample');
    await expect.poll(() => shown.count(), PATIENT).toBe(samples.length);
    expect(await shown.locator('h2').allTextContents()).toEqual(
      samples.map(({ prompt }: { prompt: string }) => prompt),
    );
    expect(await shown.first().locator('.said').allTextContents()).toEqual([
      samples[0].before.text,
      samples[0].now.text,
    ]);
    expect(await page.locator('.lead').textContent()).toContain(live.slice(0, 8));
  });

  it.each([
    ['now', 'Nothing learned yet'],
    ['learning', 'The curves begin with the first adapter'],
    ['adapters', 'the first adapter appears here'],
    ['harm', 'nothing was harmed'],
    ['people/nobody', 'When this person votes'],
  ])('%s says what will appear where nothing is', async (view, words) => {
    await show(page, EMPTY, view);
    await expect.poll(() => page.locator('main').textContent(), PATIENT).toContain(words);
  });
});
