import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compare, heard, Stage } from './stage.ts';

const stage = new Stage();
beforeAll(() => stage.start());
afterAll(() => stage.stop());

const SOON = { attributes: { undo: '0' } };
const FIVE = ['Alpha', 'Bravo', 'Charlie', 'Delta', 'Echo'];

/** The one vote the page has cast, as the edge has it, with candidates by their texts. */
async function stored(page: Page, n = 0) {
  await expect.poll(async () => (await heard(page, 'sent')).length).toBeGreaterThan(n);
  const id = (await heard(page, 'sent'))[n]?.detail.id;
  const vote = (await stage.votes()).find((each) => each.id === id);
  const texts = new Map<string, string>(
    vote.comparison.candidates.map(({ id, content }: { id: string; content: { text?: string; steps?: string[] } }) => [
      id,
      content.text ?? content.steps?.[0] ?? '',
    ]),
  );
  return { vote, text: (id: string) => texts.get(id) };
}

const order = (page: Page) => page.locator('.ranking .body').allTextContents();

describe('a ranking', () => {
  const script = compare('Which is best?', FIVE, { kind: 'ranking' });

  it('is put in order by dragging with a mouse', async () => {
    const { page, errors } = await stage.open({ script, ...SOON });
    const handles = page.locator('.handle');
    await handles.first().waitFor();
    const [first] = await order(page);
    const from = await handles.nth(0).boundingBox();
    const to = await page.locator('.ranking > li').nth(3).boundingBox();
    if (!from || !to) throw new Error('not shown');
    await page.mouse.move(from.x + 10, from.y + 10);
    await page.mouse.down();
    for (let step = 1; step <= 10; step++) {
      await page.mouse.move(from.x + 10, from.y + ((to.y + to.height - 2 - from.y) * step) / 10);
    }
    await page.mouse.up();
    const now = await order(page);
    expect(now.indexOf(first as string)).toBe(3);
    await page.mouse.move(10, 10);
    expect(await order(page)).toEqual(now);
    await page.getByRole('button', { name: 'Save' }).click();
    const { vote, text } = await stored(page);
    expect(vote.choice.ranking.map(([id]: [string]) => text(id))).toEqual(now);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('is put in order by touch', async () => {
    const browser = { viewport: { width: 320, height: 900 }, hasTouch: true, isMobile: true };
    const { page, context } = await stage.open({ script, browser, ...SOON });
    const handle = page.locator('.handle').nth(2);
    await handle.waitFor();
    const third = (await order(page))[2];
    const from = await handle.boundingBox();
    if (!from) throw new Error('not shown');
    const touch = await context.newCDPSession(page);
    const at = (y: number) => [{ x: from.x + 10, y }];
    await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(from.y + 10) });
    for (let y = from.y; y > 60; y -= 40) {
      await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(y) });
    }
    await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    expect((await order(page))[0]).toBe(third);
    await context.close();
  });

  it('is put in order by keyboard alone, says each move aloud, and answers may share a place', async () => {
    const { page } = await stage.open({ script, ...SOON });
    const last = page.getByRole('button', { name: 'Move answer 5 up' });
    await last.focus();
    await page.keyboard.press('Enter');
    expect(await page.getByRole('status').textContent()).toBe('Answer 5: place 4 of 5');
    for (let n = 0; n < 5; n++) await page.keyboard.press('ArrowUp');
    expect(await page.getByRole('status').textContent()).toBe('Answer 5: place 1 of 5');
    expect(await page.evaluate('widget.shadowRoot.activeElement.ariaLabel')).toBe('Move answer 5 up');
    await page.getByRole('button', { name: 'Answer 2: as good as the one above' }).press('Space');
    const shown = await order(page);
    await page.getByRole('button', { name: 'Save' }).press('Enter');
    const { vote, text } = await stored(page);
    expect(vote.choice.ranking.map((place: string[]) => place.map(text))).toEqual([
      [shown[0]],
      [shown[1], shown[2]],
      [shown[3]],
      [shown[4]],
    ]);
    await page.context().close();
  });

  it('of eight fits, and who moves shares no place any more', async () => {
    const eight = [...FIVE, 'Foxtrot', 'Golf', 'Hotel'];
    const { page } = await stage.open({ script: compare('All?', eight, { kind: 'ranking' }), ...SOON });
    await page.getByRole('button', { name: 'Answer 8: as good as the one above' }).click();
    await page.getByRole('button', { name: 'Move answer 8 up' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    const { vote } = await stored(page);
    expect(vote.choice.ranking).toHaveLength(8);
    await page.context().close();
  });
});

describe('a rating', () => {
  const script = compare('How good?', ['Alpha', 'Bravo'], { kind: 'rating' });

  it('takes a number for each answer, by mouse and by keyboard', async () => {
    const { page, errors } = await stage.open({ script, ...SOON });
    const save = page.getByRole('button', { name: 'Save' });
    const rate = (n: number) => page.getByRole('group', { name: `Rate answer ${n}` });
    await rate(1).getByRole('radio', { name: '4' }).check();
    expect(await save.isDisabled()).toBe(true);
    await rate(2).getByRole('radio', { name: '1' }).focus();
    await page.keyboard.press('ArrowRight');
    await save.click();
    const { vote, text } = await stored(page);
    const shown = await page.locator('.body').allTextContents();
    expect(vote.choice.ratings.map(({ candidate, rating }: never) => [text(candidate), rating])).toEqual([
      [shown[0], 4],
      [shown[1], 2],
    ]);
    // A changed mind replaces it.
    await rate(1).getByRole('radio', { name: '5' }).check();
    await save.click();
    const { vote: second } = await stored(page, 1);
    expect(second).toMatchObject({ supersedes: vote.id });
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('has the scale that the page asks for', async () => {
    const { page } = await stage.open({ script, attributes: { scale: '7' } });
    await page.getByRole('group', { name: 'Rate answer 1 (7 is best)' }).waitFor();
    expect(await page.getByRole('radio').count()).toBe(14);
    await page.context().close();
  });
});

describe('by touch and by keyboard', () => {
  const browser = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };
  const steps = [
    { type: 'steps', steps: ['4 + 5 = 9', '3 · 9 = 27'] },
    { type: 'steps', steps: ['3 · 4 = 12', '12 + 5 = 17'] },
  ];

  it.each([
    ['ranking', ['A', 'B', 'C'], ['Move answer 3 up', 'Move answer 1 down']],
    ['rating', ['A', 'B'], ['4', '2']],
    ['steps', steps, ['4 + 5 = 9', '12 + 5 = 17']],
  ])('%s is answered with taps alone', async (kind, candidates, taps) => {
    const { page } = await stage.open({ script: compare('Which?', candidates, { kind }), browser, ...SOON });
    const role = kind === 'ranking' ? 'button' : 'radio';
    for (const [n, name] of taps.entries()) {
      const controls = page.getByRole(role, { name, exact: true });
      await controls.nth(kind === 'rating' ? n : 0).tap();
    }
    await page.getByRole('button', { name: 'Save' }).tap();
    expect((await stored(page)).vote.status).toBeDefined();
    await page.context().close();
  });

  it('steps are marked with Tab, arrows and Enter', async () => {
    const { page } = await stage.open({ script: compare('Which?', steps, { kind: 'steps' }), ...SOON });
    await page.getByRole('radio').first().focus();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('button', { name: 'Save' }).focus();
    await page.keyboard.press('Enter');
    expect((await stored(page)).vote.choice.firstWrongStep).toBe(1);
    await page.context().close();
  });
});

describe('steps', () => {
  const candidates = [
    { type: 'steps', steps: ['4 + 5 = 9', '3 · 9 = 27'] },
    { type: 'steps', steps: ['3 · 4 = 12', '12 + 5 = 17', 'It is 17.'] },
  ];
  const script = compare('What is 3 · (4 + 5)?', candidates, { kind: 'steps' });
  const of = (page: Page, step: string) => page.getByRole('group').filter({ hasText: step }).last();

  it('are marked answer by answer: the first wrong one, or that all are right', async () => {
    const { page, errors } = await stage.open({ script, ...SOON });
    await of(page, '12 + 5').getByRole('radio', { name: '3 · 4 = 12' }).check();
    await page.getByRole('button', { name: 'Save' }).click();
    const { vote, text } = await stored(page);
    expect(vote.choice).toMatchObject({ type: 'stepMark', firstWrongStep: 0 });
    expect(text(vote.choice.candidate)).toBe('3 · 4 = 12');
    // The other one later: one more vote, on the same deal; the first stays as it is.
    await of(page, '3 · 9 = 27').getByRole('radio', { name: 'All steps are correct' }).check();
    await page.getByRole('button', { name: 'Save' }).click();
    const { vote: second, text: name } = await stored(page, 1);
    expect(second).toMatchObject({ supersedes: null, choice: { firstWrongStep: null } });
    expect(name(second.choice.candidate)).toBe('4 + 5 = 9');
    await of(page, '12 + 5').getByRole('radio', { name: '12 + 5 = 17' }).check();
    await page.getByRole('button', { name: 'Save' }).click();
    expect((await stored(page, 2)).vote).toMatchObject({ supersedes: vote.id, choice: { firstWrongStep: 1 } });
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('can be skipped by key', async () => {
    const { page } = await stage.open({ script, ...SOON });
    await page.getByRole('button', { name: 'Skip' }).focus();
    await page.keyboard.press('s');
    expect((await stored(page)).vote.choice).toEqual({ type: 'skip' });
    await page.context().close();
  });
});
