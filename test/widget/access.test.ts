import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LANGUAGES, speak, WORDS } from '../../worker/widget/strings.ts';
import { everyLook, findViolations, HEAD, type Look } from './axe.ts';
import { compare, Stage } from './stage.ts';

const stage = new Stage();
let looks: Look[];
beforeAll(async () => {
  await stage.start();
  looks = await everyLook(stage);
});
afterAll(() => stage.stop());

const KEYS = Object.keys(WORDS) as (keyof typeof WORDS)[];

describe('axe finds nothing', () => {
  it.each([
    ['light', 'en', 1280],
    ['dark', 'en', 1280],
    ['light', 'ar', 320],
    ['dark', 'de', 320],
  ] as const)('in the %s, in %s, at %i pixels, before and after a vote', async (colorScheme, lang, width) => {
    for (const { name, script, attributes } of looks) {
      const browser = { colorScheme, viewport: { width, height: 800 } };
      const { page, context } = await stage.open({ script, attributes, lang, head: HEAD, browser });
      await page.locator('.answer:not(.waiting)').first().waitFor();
      expect(await findViolations(page), name).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth'), name).toBeLessThanOrEqual(width);
      await page.locator('[data-key=skip]').click();
      await page.locator('[data-key=undo]').waitFor();
      expect(await findViolations(page), `${name}, voted`).toEqual([]);
      await context.close();
    }
  });

  it('while it waits, when there is nothing, when it is over, and when a sign-in is needed', async () => {
    const done = 'widget.source = () => null;';
    const never = 'widget.source = () => new Promise(() => {});';
    const broken = "widget.source = () => { throw new Error('no'); };";
    for (const [script, text] of [
      [done, 'That was all. Thank you!'],
      [never, 'Loading…'],
      [broken, 'Nothing to compare at the moment.'],
    ] as const) {
      const { page, context } = await stage.open({ script });
      await page.getByText(text).waitFor();
      expect(await findViolations(page), text).toEqual([]);
      await context.close();
    }
    const { page, context } = await stage.open({ script: compare('?', ['A', 'B']), user: null });
    await page.getByText('Please sign in.').waitFor();
    expect(await findViolations(page)).toEqual([]);
    await context.close();
  });
});

describe('words', () => {
  it.each(LANGUAGES)('in %s are complete, and none of them says where on the screen something is', (language) => {
    const { say, lang, rtl } = speak(`${language}-XX`);
    expect([lang, rtl]).toEqual([language, language === 'ar']);
    for (const key of KEYS) {
      const said = say(key, { n: 2, p: 3, k: 4 });
      expect(said, key).not.toMatch(/[{}]|undefined/);
      expect(said, key).not.toMatch(/\b(left|right(?! *$)|links|rechts|gauche|droite|izquierda|derecha)\b|يسار|يمين/i);
    }
    expect(KEYS.filter((key) => WORDS[key].length !== LANGUAGES.length)).toEqual([]);
  });

  it('are different in every language', () => {
    for (const key of KEYS) expect(new Set(WORDS[key]).size, key).toBe(LANGUAGES.length);
  });

  it('come in the language of the element, else of the page, else in English; a page may bring its own', async () => {
    const script = `${compare('?', ['A', 'B'])}widget.strings = { skip: 'Salta' };`;
    for (const [options, name] of [
      [{ lang: 'fr' }, 'Préférer la réponse 1'],
      [{ lang: 'fr', attributes: { lang: 'es-MX' } }, 'Prefiero la respuesta 1'],
      [{ lang: 'tlh' }, 'Prefer answer 1'],
    ] as const) {
      const { page, context } = await stage.open({ script, ...options });
      await page.getByRole('button', { name }).waitFor();
      expect(await page.getByRole('button', { name: 'Salta' }).count()).toBe(1);
      await context.close();
    }
  });

  it('run from right to left in Arabic, while each answer keeps its own direction', async () => {
    const { page, context } = await stage.open({ script: compare('?', ['English text', 'نص عربي']), lang: 'ar' });
    const direction = (text: string) =>
      page.getByText(text, { exact: true }).evaluate((node) => getComputedStyle(node).direction);
    expect(await direction('English text')).toBe('ltr');
    expect(await direction('نص عربي')).toBe('rtl');
    const [one, two] = await page.locator('.answer').all();
    const left = async (card: typeof one) => (await card?.boundingBox())?.x ?? 0;
    expect(await left(one)).toBeGreaterThan(await left(two));
    await context.close();
  });
});

describe('a person', () => {
  it('who uses the keyboard alone reaches every control, and sees where the focus is', async () => {
    const { page, context } = await stage.open({ script: compare('?', ['A', 'B']), attributes: { reason: '' } });
    await page.getByRole('button', { name: 'Prefer answer 1' }).waitFor();
    const reached: string[] = [];
    for (let n = 0; n < 6; n++) {
      await page.keyboard.press('Tab');
      const [name, outline] = await page.evaluate<[string, string]>(
        `(() => { const node = widget.shadowRoot.activeElement; return [node.dataset.key ?? node.localName, getComputedStyle(node).outlineStyle]; })()`,
      );
      reached.push(name);
      expect(outline).toBe('solid');
    }
    expect(reached).toEqual(['choose-1', 'choose-2', 'tie', 'bad', 'skip', 'input']);
    await context.close();
  });

  it('who asked for less motion sees none; and controls are large enough to be hit', async () => {
    const browser = { reducedMotion: 'reduce', viewport: { width: 320, height: 700 } };
    const { page, context } = await stage.open({ script: compare('?', ['A', 'B', 'C'], { kind: 'ranking' }), browser });
    await page.getByRole('button', { name: 'Save' }).waitFor();
    expect(await page.evaluate('widget.shadowRoot.getAnimations().length')).toBe(0);
    for (const button of await page.getByRole('button').all()) {
      const box = await button.boundingBox();
      expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(24);
    }
    await context.close();
  });

  it('finds what was chosen, and what has happened, said to a screen reader', async () => {
    const { page, context } = await stage.open({ script: compare('Which is better?', ['A', 'B']) });
    await page.getByRole('button', { name: 'Prefer answer 2' }).click();
    expect(await page.getByRole('group', { name: 'Which is better?' }).count()).toBe(1);
    expect(await page.getByRole('group', { name: 'Answer 2' }).count()).toBe(1);
    await page.getByRole('button', { name: 'Prefer answer 2', pressed: true }).waitFor();
    await expect.poll(() => page.getByRole('status').textContent()).toBe('Saved.');
    await context.close();
  });

  it('sees the page’s own colours, where it sets them', async () => {
    const head = '<link rel="stylesheet" href="/theme.css">';
    stage.serve('/theme.css', { type: 'text/css', body: 'prefloop-compare { --prefloop-ink: rgb(1, 2, 3); }' });
    const { page, context } = await stage.open({ script: compare('Ink?', ['A', 'B']), head });
    // The policy of the page allows no style: without one, the widget's own still apply.
    expect(await page.getByText('Ink?').evaluate((node) => getComputedStyle(node).fontWeight)).toBe('600');
    await page.evaluate("widget.style.setProperty('--prefloop-ink', 'rgb(1, 2, 3)')");
    expect(await page.getByText('Ink?').evaluate((node) => getComputedStyle(node).color)).toBe('rgb(1, 2, 3)');
    const background = () =>
      page
        .locator('.answer')
        .first()
        .evaluate((node) => getComputedStyle(node).backgroundColor);
    const light = await background();
    await page.evaluate("widget.setAttribute('theme', 'dark')");
    expect(await background()).not.toBe(light);
    await context.close();
  });
});
