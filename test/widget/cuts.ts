/**
 * People vote while the net is cut at random moments: requests die before the edge or behind it, come late, or meet a
 * broken proxy; the browser goes offline, pages are reloaded. Afterwards the edge's votes are compared with what was cast.
 */
import type { BrowserContext, Page } from 'playwright-core';
import { seededRandom } from '../../shared/math/random.ts';
import type { Stage } from './stage.ts';

const VOTES = 6;

/** Votes as the pages heard of them, and what the edge has. */
export type CutReport = {
  cast: number;
  undone: number;
  lost: number;
  doubled: number;
  /** Being undone or replaced when their page went away: nobody can say which came first. */
  untold: number;
  cuts: number;
  reloads: number;
};

/** `undoing`: a person asked for it; a page that goes away at that moment cannot say whether it came about. */
type Told = { vote: Map<string, string>; undo: Set<string>; undoing: Set<string>; refused: string[]; done: boolean };

/** Votes at its own pace, over reloads; every second seed changes its mind on one comparison instead of taking the next. */
const VOTER = `
const seed = Number(new URLSearchParams(location.search).get('seed'));
let state = (seed * 2654435761 + Number(sessionStorage.loads ?? 0) * 97) >>> 0;
sessionStorage.loads = Number(sessionStorage.loads ?? 0) + 1;
const random = () => { state = (state + 0x6d2b79f5) >>> 0; let t = Math.imul(state ^ (state >>> 15), state | 1); t ^= t + Math.imul(t ^ (t >>> 7), t | 61); return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32; };
const pause = (ms) => new Promise((wake) => setTimeout(wake, ms));
for (const type of ['vote', 'undo']) document.addEventListener('prefloop:' + type, ({ detail }) => told(type, detail.id, detail.comparison));
document.addEventListener('prefloop:error', ({ detail }) => detail.kept || told('refused', detail.code + ': ' + detail.message));
const question = () => ({ prompt: 'Question ' + seed + ' ' + random(), candidates: ['A' + random(), 'B' + random()] });
if (seed % 2) widget.source = question; else widget.compare(question());
(async () => {
  let left = Number(sessionStorage.left ?? ${VOTES});
  let choice = 0;
  while (left > 0) {
    await pause(random() * 90);
    const buttons = [...widget.shadowRoot.querySelectorAll('.bar button')].filter(({ dataset }) => dataset.key !== 'undo');
    if (buttons.length === 0) continue;
    const heard = new Promise((resolve) => { widget.addEventListener('prefloop:vote', ({ detail }) => resolve(detail.id), { once: true }); setTimeout(resolve, 400); });
    choice = (choice + 1 + Math.floor(random() * (buttons.length - 1))) % buttons.length;
    buttons[choice].click();
    if (!(await heard)) continue;
    sessionStorage.left = --left;
    if (random() < 0.15) { await pause(random() * 120); await told('undoing', await heard); await widget.undo(); }
  }
  told('done', '');
})();
`;

export async function runCuts(
  stage: Stage,
  seeds: number[],
  say: (done: number) => void = () => {},
): Promise<CutReport> {
  const report: CutReport = { cast: 0, undone: 0, lost: 0, doubled: 0, untold: 0, cuts: 0, reloads: 0 };
  /** Comparisons by the ids of their votes. */
  const cast = new Map<string, string>();
  const undone = new Set<string>();
  const undoing = new Set<string>();
  const waiting = [...seeds];
  let done = 0;
  async function work(): Promise<void> {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const told = await runSeed(stage, seed, report);
      for (const [id, comparison] of told.vote) cast.set(id, comparison);
      for (const id of told.undo) undone.add(id);
      for (const id of told.undoing) undoing.add(id);
      if (told.refused.length > 0) throw new Error(`seed ${seed}: ${told.refused.join('; ')}`);
      say(++done);
    }
  }
  await Promise.all(Array.from({ length: 4 }, work));

  const stored = (await stage.votes()).filter(({ user }) => String(user).startsWith('cut-'));
  const times = new Map<string, number>();
  const standing = new Map<string, number>();
  for (const { id, comparison, supersededBy } of stored) {
    times.set(id, (times.get(id) ?? 0) + 1);
    if (supersededBy === null) standing.set(comparison.id, (standing.get(comparison.id) ?? 0) + 1);
  }
  report.cast = cast.size;
  report.undone = undone.size;
  const missing = [...cast].filter(([id]) => !undone.has(id) && !times.has(id));
  // A mind that changed while its page went away: the vote in its place is there, and no page has told of it.
  const replaced = ([id, comparison]: [string, string]) =>
    stored.some((vote) => vote.comparison.id === comparison && vote.id > id && !cast.has(vote.id));
  report.untold = missing.filter((each) => undoing.has(each[0]) || replaced(each)).length;
  report.lost = missing.length - report.untold;
  const repeated = [...times.values(), ...standing.values()].reduce((sum, count) => sum + count - 1, 0);
  report.doubled = repeated + [...undone].filter((id) => times.has(id)).length;
  return report;
}

async function runSeed(stage: Stage, seed: number, report: CutReport): Promise<Told> {
  const random = seededRandom(seed);
  const told: Told = { vote: new Map(), undo: new Set(), undoing: new Set(), refused: [], done: false };
  const context = await stage.browser.newContext();
  let calm = false;
  await context.exposeBinding(
    'told',
    (_, type: 'vote' | 'undo' | 'undoing' | 'refused' | 'done', what: string, comparison: string) => {
      if (type === 'done') told.done = true;
      else if (type === 'refused') told.refused.push(what);
      else if (type === 'vote') told.vote.set(what, comparison);
      else told[type].add(what);
    },
  );
  await cutRequests(context, random, () => calm, report);
  const page = await context.newPage();
  const address = await stage.address({ script: VOTER, user: `cut-${seed}`, attributes: { undo: '0.15' } });
  await page.goto(`${address}?seed=${seed}`);
  for (const started = Date.now(); !told.done && Date.now() - started < 30_000; ) {
    await page.waitForTimeout(random() * 250);
    if (random() < 0.3) await context.setOffline(random() < 0.5);
    else if (random() < 0.15) {
      report.reloads++;
      await context.setOffline(false);
      await page.reload();
    }
  }
  if (!told.done) throw new Error(`seed ${seed} did not come to its end`);
  calm = true;
  await context.setOffline(false);
  // A later visit finds what is left.
  if (random() < 0.5) await page.reload();
  await untilEmpty(page, seed);
  await context.close();
  return told;
}

async function cutRequests(context: BrowserContext, random: () => number, isCalm: () => boolean, report: CutReport) {
  await context.route('**/v1/**', async (route) => {
    const fate = random();
    if (isCalm() || route.request().method() !== 'POST' || fate < 0.45) return route.continue().catch(() => {});
    report.cuts++;
    try {
      if (fate < 0.6) return await route.abort('connectionreset');
      if (fate < 0.8) {
        // The edge has it, and nobody hears so.
        await route.fetch();
        return await route.abort('connectionreset');
      }
      if (fate < 0.9) {
        const headers = { 'access-control-allow-origin': '*' };
        return await route.fulfill({ status: 502, headers, body: '<h1>Bad gateway</h1>' });
      }
      await new Promise((wake) => setTimeout(wake, random() * 200));
      await route.continue();
    } catch {
      // The page went away meanwhile.
    }
  });
}

async function untilEmpty(page: Page, seed: number): Promise<void> {
  const started = Date.now();
  while (Date.now() - started < 30_000) {
    if ((await page.evaluate(keptVotes)).length === 0) return;
    await page.waitForTimeout(50);
  }
  throw new Error(`seed ${seed}: votes are still kept in the browser`);
}

/** Runs in the page: ids of the votes that wait in its database. */
export function keptVotes(): Promise<string[]> {
  return new Promise((resolve) => {
    const request = indexedDB.open('prefloop', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('votes', { keyPath: 'seq', autoIncrement: true });
    request.onsuccess = () => {
      const all = request.result.transaction('votes').objectStore('votes').getAll();
      all.onsuccess = () => resolve(all.result.map(({ id }) => id));
    };
  });
}
