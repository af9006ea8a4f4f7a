import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startInferenceServer } from '../worker/inference-server.ts';
import { compare, heard, Stage } from './stage.ts';

const inference = await startInferenceServer();
const stage = new Stage({ INFERENCE_URL: inference.url });
beforeAll(() => stage.start());
afterAll(() => Promise.all([stage.stop(), inference.close()]));

const script = compare('Where is my parcel?', ['On its **way**.', 'No idea.']);
const SOON = { attributes: { undo: '0' } };

const stored = async (id: unknown) => (await stage.votes()).find((vote) => vote.id === id);

describe('a pair', () => {
  it('is dealt by the edge, voted on with one click, and stored as the candidate and the place it was shown at', async () => {
    const { page, errors } = await stage.open({ script, ...SOON });
    await page.getByRole('button', { name: 'Prefer answer 2' }).click();
    await expect.poll(() => heard(page, 'sent')).toHaveLength(1);
    const [voted, sent] = await heard(page);
    expect(voted?.detail).toMatchObject({ choice: { type: 'pair', position: 1 } });
    expect(sent?.detail).toMatchObject({ id: voted?.detail.id, status: 'waiting', replayed: false });
    const vote = await stored(voted?.detail.id);
    expect(vote.comparison.candidates[1].id).toBe(vote.choice.chosen);
    expect(vote.user).toBe('anna');
    const shown = await page.locator('.body').allTextContents();
    const texts = vote.comparison.candidates.map(({ content }: { content: { text: string } }) => content.text);
    expect(texts.map((text: string) => text.replaceAll('*', ''))).toEqual(shown);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('of answers that the domain’s models give takes one tag and no script', async () => {
    const attributes = { prompt: 'Where is it?', k: '3', ...SOON.attributes };
    const { page } = await stage.open({ attributes });
    await page.getByRole('button', { name: 'Prefer answer 3' }).click();
    await expect.poll(() => heard(page, 'sent')).toHaveLength(1);
    const vote = await stored((await heard(page, 'sent'))[0]?.detail.id);
    expect(vote.comparison.prompt.messages).toEqual([{ role: 'user', content: 'Where is it?' }]);
    expect(vote.comparison.candidates).toHaveLength(3);
    await page.context().close();
  });

  it.each([
    ['1', { type: 'pair', position: 0 }],
    ['2', { type: 'pair', position: 1 }],
    ['0', { type: 'tie' }],
    ['b', { type: 'bothBad' }],
    ['s', { type: 'skip' }],
  ])('takes the key %s, and no key of somebody who types or is elsewhere', async (key, choice) => {
    const { page } = await stage.open({ script, html: '<input>', attributes: { reason: '', undo: '0' } });
    await page.getByRole('button', { name: 'Prefer answer 1' }).waitFor();
    await page.locator('input').first().press(key);
    await page.getByLabel('Why?').press(key);
    expect(await heard(page, 'vote')).toEqual([]);
    await page.getByLabel('Why?').fill('It is polite.');
    await page.getByRole('button', { name: 'Skip' }).focus();
    await page.keyboard.press(key);
    await expect.poll(() => heard(page, 'sent')).toHaveLength(1);
    expect((await heard(page, 'vote'))[0]?.detail).toMatchObject({ choice, reason: 'It is polite.' });
    expect((await stored((await heard(page, 'sent'))[0]?.detail.id)).reason).toBe('It is polite.');
    await page.context().close();
  });

  it('takes keys from the whole page where the page says so', async () => {
    const { page } = await stage.open({ script, attributes: { shortcuts: 'page' } });
    await page.getByRole('button', { name: 'Prefer answer 1' }).waitFor();
    await page.keyboard.press('2');
    await expect.poll(() => heard(page, 'vote')).toHaveLength(1);
    await page.context().close();
  });

  it('is voted on by touch', async () => {
    const browser = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };
    const { page } = await stage.open({ script, browser, ...SOON });
    await page.getByRole('button', { name: 'About the same' }).tap();
    await expect.poll(() => heard(page, 'sent')).toHaveLength(1);
    expect((await heard(page, 'vote'))[0]?.detail).toMatchObject({ choice: { type: 'tie' } });
    await page.context().close();
  });

  it('can be undone until it is sent, and nobody hears of it', async () => {
    const { page } = await stage.open({ script, attributes: { undo: '4' } });
    await page.getByRole('button', { name: 'Prefer answer 1' }).click();
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => heard(page, 'undo')).toHaveLength(1);
    expect(await page.getByRole('button', { pressed: true }).count()).toBe(0);
    await page.waitForTimeout(4500);
    expect(await heard(page, 'sent')).toEqual([]);
    expect(await stored((await heard(page, 'vote'))[0]?.detail.id)).toBeUndefined();
    await page.context().close();
  });

  it('waits five seconds before it is sent, unless told otherwise', async () => {
    const { page } = await stage.open({ script });
    await page.getByRole('button', { name: 'Prefer answer 1' }).click();
    await page.waitForTimeout(4000);
    expect(await heard(page, 'sent')).toEqual([]);
    expect(await page.getByRole('button', { name: 'Undo' }).isVisible()).toBe(true);
    await expect.poll(() => heard(page, 'sent'), { timeout: 5000 }).toHaveLength(1);
    expect(await page.getByRole('button', { name: 'Undo' }).isVisible()).toBe(false);
    await page.context().close();
  });

  it('that was sent is replaced by a changed mind; one that was not is never heard of', async () => {
    const { page } = await stage.open({ script, attributes: { undo: '2' } });
    await page.getByRole('button', { name: 'Prefer answer 1' }).click();
    await page.getByRole('button', { name: 'Prefer answer 2' }).click();
    await expect.poll(() => heard(page, 'sent')).toHaveLength(1);
    await page.getByRole('button', { name: 'About the same' }).click();
    await expect.poll(() => heard(page, 'sent')).toHaveLength(2);
    const votes = (await heard(page, 'vote')).map(({ detail }) => detail);
    expect(await stored(votes[0]?.id)).toBeUndefined();
    expect((await heard(page, 'undo'))[0]?.detail.id).toBe(votes[0]?.id);
    expect(await stored(votes[1]?.id)).toMatchObject({ status: 'superseded', supersededBy: votes[2]?.id });
    expect(await stored(votes[2]?.id)).toMatchObject({ choice: { type: 'tie' }, status: 'waiting' });
    // The same answer again is no new vote.
    await page.getByRole('button', { name: 'About the same' }).click();
    expect(await heard(page, 'vote')).toHaveLength(3);
    await page.context().close();
  });

  it('that was sent still counts when the minds that changed after it are undone', async () => {
    const { page } = await stage.open({ script, attributes: { undo: '2' } });
    const press = (name: string) => page.getByRole('button', { name }).click();
    await press('Prefer answer 1');
    await expect.poll(() => heard(page, 'sent'), { timeout: 5000 }).toHaveLength(1);
    await press('Prefer answer 2');
    await press('About the same');
    await press('Undo');
    await expect.poll(() => heard(page, 'undo')).toHaveLength(2);
    expect(await page.getByRole('button', { pressed: true }).textContent()).toContain('Prefer answer 1');
    await press('None is good');
    await expect.poll(() => heard(page, 'sent'), { timeout: 5000 }).toHaveLength(2);
    const [first] = await heard(page, 'sent');
    expect((await heard(page, 'vote')).at(-1)?.detail.supersedes).toBe(first?.detail.id);
    await page.context().close();
  });

  it('keeps the focus where it was when the next comparison comes, and Undo brings the last one back', async () => {
    const source = `let n = 0;
widget.source = () => (n++ < 3 ? { prompt: 'Question ' + n, candidates: ['A' + n, 'B' + n] } : null);`;
    const { page } = await stage.open({ script: source });
    const prompt = page.locator('#prompt');
    await page.getByText('Question 1').waitFor();
    await page.getByRole('button', { name: 'Prefer answer 1' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Question 2').waitFor();
    expect(await page.evaluate('widget.shadowRoot.activeElement.textContent')).toContain('Prefer answer 1');
    await page.keyboard.press('2');
    await page.getByText('Question 3').waitFor();
    await page.keyboard.press('u');
    await page.getByText('Question 2').waitFor();
    await page.keyboard.press('0');
    await page.getByText('Question 3').waitFor();
    await page.keyboard.press('s');
    await expect.poll(() => prompt.textContent()).toBe('That was all. Thank you!');
    const choices = (await heard(page, 'vote')).map(({ detail }) => (detail.choice as { type: string }).type);
    expect(choices).toEqual(['pair', 'pair', 'tie', 'skip']);
    expect(await heard(page, 'undo')).toHaveLength(1);
    await page.context().close();
  });

  it('can be voted on while its answers are being written, and is sent when they are whole', async () => {
    const streams = `async function* write(words) { for (const word of words) { await new Promise((go) => (window.next = go)); yield word; } }
widget.compare({ prompt: 'Say it', candidates: [{ type: 'text', text: write(['One ', 'two']) }, 'Whole'] });`;
    const { page, errors } = await stage.open({ script: streams, ...SOON });
    await page.getByRole('button', { name: 'Prefer answer 1' }).click();
    await page.evaluate('next()');
    await page.getByText('One', { exact: true }).waitFor();
    expect(await heard(page, 'sent')).toEqual([]);
    await page.waitForTimeout(100);
    await page.evaluate('next()');
    await expect.poll(() => heard(page, 'sent')).toHaveLength(1);
    const vote = await stored((await heard(page, 'sent'))[0]?.detail.id);
    const shown = await page.locator('.body').allTextContents();
    const texts = vote.comparison.candidates.map(({ content }: { content: { text: string } }) => content.text);
    expect(texts).toEqual(shown);
    expect([...texts].sort()).toEqual(['One two', 'Whole']);
    expect(vote.choice.chosen).toBe(vote.comparison.candidates[0].id);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('moves nothing under the pointer while answers are written, nor from one short comparison to the next', async () => {
    const text = JSON.stringify('A line that is long enough to be broken. \n\n'.repeat(3));
    const streams = `async function* write() { for (;;) { await new Promise((go) => (window.next = go)); yield ${text}; } }
widget.compare({ prompt: 'Say it', candidates: [{ type: 'text', text: write() }, 'Whole'] });`;
    const { page } = await stage.open({ script: streams });
    const button = page.getByRole('button', { name: 'Prefer answer 1' });
    const top = async () => (await button.boundingBox())?.y;
    const before = await top();
    for (let n = 0; n < 5; n++) {
      await page.evaluate('next()');
      await page.waitForTimeout(30);
    }
    expect(await page.locator('.stream').evaluate((node) => node.scrollHeight > node.clientHeight)).toBe(true);
    expect(await top()).toBe(before);
    const tops = [];
    for (const words of ['One line.', 'Two lines,\nthis is the second.', '- a\n- b']) {
      await page.evaluate(compare(`Short ${tops.length}`, [words, 'Other']));
      await page.getByText(`Short ${tops.length}`, { exact: true }).waitFor();
      tops.push(await top());
    }
    expect(new Set(tops).size).toBe(1);
    await page.context().close();
  });

  it('on a stream that breaks off is not sent, and the page is told', async () => {
    const streams = `async function* write() { yield 'One '; await new Promise((go) => (window.next = go)); throw new Error('cut'); }
widget.compare({ prompt: 'Say it', candidates: [{ type: 'text', text: write() }, 'Whole'] });`;
    const { page } = await stage.open({ script: streams, ...SOON });
    await page.getByRole('button', { name: 'Prefer answer 1' }).click();
    await page.evaluate('next()');
    await expect.poll(() => heard(page, 'error')).toHaveLength(1);
    expect((await heard(page, 'error'))[0]?.detail).toMatchObject({ code: 'stream_broken', kept: false });
    await page.context().close();
  });

  it('by a public key is undone within five seconds and stays after them', async () => {
    const key = await stage.project.createKey([], 'public');
    const attributes = { token: key, project: stage.project.id, prompt: 'A public question?', undo: '0' };
    const { page } = await stage.open({ attributes, user: null });
    await page.getByRole('button', { name: 'Prefer answer 1' }).click();
    await expect.poll(() => heard(page, 'sent')).toHaveLength(1);
    await page.getByRole('button', { name: 'Prefer answer 2' }).click();
    await page.waitForTimeout(300);
    expect(await heard(page, 'vote')).toHaveLength(1);
    expect(await page.getByRole('button', { pressed: true }).textContent()).toContain('Prefer answer 1');
    await page.context().close();
  });

  it('of two elements on one page is told by the element that asked', async () => {
    const script = `const [one, two] = document.querySelectorAll('prefloop-compare');
two.token = one.token = ${JSON.stringify(await stage.project.createUserToken('bert'))};
one.compare({ prompt: 'One?', candidates: ['A', 'B'] });
two.compare({ prompt: 'Two?', candidates: ['C', 'D'] });
window.ends = [];
for (const [name, each] of [['one', one], ['two', two]])
  each.addEventListener('prefloop:sent', ({ detail }) => ends.push([name, detail.comparison]));`;
    const html = '<prefloop-compare domain="replies" undo="0"></prefloop-compare>';
    const { page } = await stage.open({ script, html, user: null, ...SOON });
    for (const name of ['Two?', 'One?']) {
      await page.getByRole('group', { name }).getByRole('button', { name: 'About the same' }).click();
    }
    await expect.poll(() => page.evaluate('ends.length')).toBe(2);
    const ends = Object.fromEntries(await page.evaluate<[string, string][]>('ends'));
    for (const [name, text] of Object.entries({ one: 'One?', two: 'Two?' })) {
      const record = await stage.edge.get('GET', `/v1/comparisons/${ends[name]}`, { bearer: stage.ingest });
      expect(record.prompt.messages[0].content).toBe(text);
    }
    await page.context().close();
  });

  it('that could not be dealt without a net is dealt when it is back', async () => {
    const { page, context } = await stage.open({ user: 'bert' });
    await page.waitForTimeout(100);
    await context.setOffline(true);
    await page.evaluate("widget.setAttribute('prompt', 'Later?')");
    await page.getByRole('button', { name: 'Try again' }).waitFor({ timeout: 20_000 });
    await context.setOffline(false);
    await page.getByRole('button', { name: 'Prefer answer 1' }).waitFor();
    await context.close();
  });

  it('says so when nothing can be compared, and tries again', async () => {
    inference.behave({ fail: { status: 400, body: { error: { message: 'no' } } } });
    const { page } = await stage.open({ attributes: { prompt: 'Now?', undo: '0' } });
    await page.getByRole('button', { name: 'Try again' }).waitFor({ timeout: 20_000 });
    expect((await heard(page, 'error'))[0]?.detail.kept).toBe(false);
    inference.reset();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('button', { name: 'Prefer answer 1' }).waitFor();
    await page.context().close();
  });
});
