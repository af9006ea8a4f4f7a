/** What the demo's page shows: prompts to vote on, prompts to look at, and what is personal. */
import type { DemoConfig, DemoTastes } from '../../worker/demo/contract.ts';
import type { Judge } from './judge.ts';
import { type Built, PICTURES, REPLIES, readBasis } from './personal.ts';

/** Questions the page goes through, and those it shows before and after. */
const PAGE_PROMPTS = 200;
const PAGE_SAMPLES = 3;
/** Questions that are answered for one person and for everyone. */
const PAGE_SHOWN = 50;
const NOT_BUILT =
  'The personal weights are not built. In gpu-runner: .venv/bin/python -m papers.build_personal, then start the demo again.';

/** `found`: what the folder has; `built`: what of it fits the models that run. */
export type Personal = { folder: string; found: Built; built: Built };

export async function describePage(
  judge: Judge,
  page: { domain: string; seed: number },
  { folder, found, built }: Personal,
): Promise<Omit<DemoConfig, 'project'>> {
  const [prompts, samples, asked] = [
    await judge.prompts(PAGE_PROMPTS, page.seed, 'train'),
    await judge.prompts(PAGE_SAMPLES, page.seed, 'held_out'),
    await judge.prompts(PAGE_SHOWN, page.seed + 1, 'held_out'),
  ].map((all) => all.map(({ text }) => text)) as [string[], string[], string[]];
  const [captions, drawn] = [
    await judge.captions(PAGE_PROMPTS, `${page.seed} picked`),
    await judge.captions(PAGE_SHOWN, `${page.seed} shown`),
  ];
  const foreign = found.replies && 'Personal replies come with the built-in model only.';
  const taste: DemoTastes = {
    pictures: built.pictures ? { domain: PICTURES, prompts: captions, shown: drawn } : { missing: NOT_BUILT },
    replies: built.replies
      ? { domain: REPLIES, prompts, shown: asked, basis: await readBasis(folder) }
      : { missing: foreign || NOT_BUILT },
  };
  return { domain: page.domain, prompts, samples, taste };
}
