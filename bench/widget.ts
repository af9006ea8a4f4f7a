/**
 * What <prefloop-compare> weighs, how soon it can be voted on, what axe finds in it, and whether a vote is ever lost or
 * doubled while the net is cut at random moments. In a real browser, over a real edge, under a strict policy.
 */
import { gzipSync } from 'node:zlib';
import { bundleWidget } from '../scripts/pages.ts';
import { defineCommand } from '../shared/cli/command.ts';
import { describeMachine, type Figure, formatCommand, writeSummary } from '../shared/cli/summary.ts';
import { quantile } from '../shared/math/quantile.ts';
import { everyLook, findViolations, HEAD } from '../test/widget/axe.ts';
import { runCuts } from '../test/widget/cuts.ts';
import { compare, Stage } from '../test/widget/stage.ts';

const declaration = {
  name: 'npm run bench -- widget',
  summary: 'Size, time until a vote is possible, accessibility, and votes lost or doubled when the net is cut.',
  options: {
    seeds: { type: 'integer', value: 'N', help: 'People who vote while the net is cut.', default: 200, min: 1 },
    loads: { type: 'integer', value: 'N', help: 'Page loads, each with an empty cache.', default: 20, min: 1 },
    json: { type: 'text', value: 'FILE', help: 'Write the figures as JSON.' },
  },
} as const;

const command = defineCommand(declaration, async (values) => {
  const stage = new Stage();
  try {
    await stage.start();
    const seeds = Array.from({ length: values.seeds }, (_, n) => n + 1);
    const figures: Record<string, Figure> = { gzipBytes: gzipSync(await bundleWidget(), { level: 9 }).length };
    figures.interactiveMs = await measureLoads(stage, values.loads);
    figures.axeViolations = await countViolations(stage);
    const { lost, doubled, ...rest } = await runCuts(stage, seeds, (done) => {
      if (done % 50 === 0) console.log(`${done} of ${seeds.length} people have voted`);
    });
    Object.assign(figures, { lostVotes: lost, doubledVotes: doubled, ...rest });
    if (values.json) {
      const words = ['npm', 'run', 'bench', '--', 'widget', ...process.argv.slice(3)];
      const facts = { name: 'widget', command: formatCommand(words), machine: describeMachine(), seeds };
      await writeSummary(values.json, { ...facts, figures });
    }
    const { value } = figures.interactiveMs;
    console.log(
      `\n${figures.gzipBytes} bytes compressed, ready to be voted on after ${Math.round(value)} ms, ` +
        `${figures.axeViolations} axe violations; of ${rest.cast} votes ${lost} lost and ${doubled} doubled.`,
    );
  } finally {
    await stage.stop();
  }
});

export const main = command.run;

/** Milliseconds from the start of the navigation until the first button can be pressed; own candidates, dealt by the edge. */
async function measureLoads(
  stage: Stage,
  loads: number,
): Promise<{ value: number; low: number; high: number; n: number }> {
  const script = `const look = () => widget.shadowRoot?.querySelector('[data-key=choose-1]') ? (window.ready = performance.now()) : requestAnimationFrame(look);
look();
${compare('Where is my parcel?', ['It is **on its way**.', 'Please look it up.'])}`;
  const times: number[] = [];
  for (let n = 0; n < loads; n++) {
    const { page, context } = await stage.open({ script });
    // Polled from here: a page under this policy evaluates no strings.
    let ready: number | undefined;
    while (ready === undefined) ready = await page.evaluate<number | undefined>('window.ready');
    times.push(ready);
    await context.close();
  }
  return { value: quantile(times, 0.5), low: Math.min(...times), high: Math.max(...times), n: loads };
}

/** Over every kind, in light and dark, in all five languages, before and after a vote. */
async function countViolations(stage: Stage): Promise<number> {
  let found = 0;
  for (const { name, script, attributes } of await everyLook(stage)) {
    for (const lang of ['en', 'de', 'fr', 'es', 'ar']) {
      for (const colorScheme of ['light', 'dark']) {
        const browser = { colorScheme, viewport: { width: lang === 'en' ? 1280 : 320, height: 800 } };
        const { page, context } = await stage.open({ script, attributes, lang, head: HEAD, browser });
        await page.locator('.answer:not(.waiting)').first().waitFor();
        const before = await findViolations(page);
        await page.locator('[data-key=skip]').click();
        await page.locator('[data-key=undo]').waitFor();
        for (const violation of [...before, ...(await findViolations(page))]) {
          console.log(`${name}, ${lang}, ${colorScheme}: ${violation}`);
          found++;
        }
        await context.close();
      }
    }
  }
  return found;
}
