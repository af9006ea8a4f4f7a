/** `npm run demo -- --auto`, its second part: people with tastes of their own pick a few times, and get what is theirs. */
import { startProgress } from '../../shared/cli/progress-bar.ts';
import { type Client, createClient } from '../../shared/client/client.ts';
import type { Comparison } from '../../shared/contracts/comparison.ts';
import type { Prompt } from '../../shared/contracts/prompt.ts';
import { type Random, seededRandom } from '../../shared/math/random.ts';
import { startOracle } from './oracle.ts';
import { PICTURES, REPLIES } from './personal.ts';
import type { Stack } from './stack.ts';
import { compareTastes, type Liking, type Taste, type TasteKind, type TasteResult } from './taste-result.ts';

/** A pick falls on another than the best this often. */
const NOISE = 0.1;
/** Of how many the best is picked. */
const DEALT = 4;
/** People of each kind, and what each of them is tested on: prompts, and seeds of each prompt. */
const SIZES: Record<TasteKind, Size> = {
  pictures: { people: 8, prompts: 6, seeds: 4 },
  replies: { people: 8, prompts: 16, seeds: 1 },
};
export type Size = { people: number; prompts: number; seeds: number };

/** How one kind is asked for and looked at; a candidate is what the oracle reads. */
type World = {
  domain: string;
  prompts(n: number, seed: number, split: 'train' | 'held_out'): Promise<string[]>;
  asPrompt(text: string): Prompt;
  candidates(comparison: Comparison): Promise<string[]>;
  make(client: Client, prompt: string, seed: number, n: number, personal: boolean): Promise<string[]>;
};

/** `picks`: of each person. Of what was not built there is no result. */
export async function runTastes(
  stack: Stack,
  options: { picks: number; seed: number; sizes?: typeof SIZES },
): Promise<TasteResult[]> {
  const kinds = (['pictures', 'replies'] as const).filter((kind) => stack.personal[kind]);
  if (kinds.length === 0) return [];
  await stack.personal.ready;
  const ask = startOracle(stack.processes, 'people', 'prefloop.tiny.people');
  const results: TasteResult[] = [];
  for (const kind of kinds) {
    results.push(await runKind(kind, ask, stack, { ...options, ...(options.sizes ?? SIZES)[kind] }));
  }
  return results;
}

async function runKind(
  kind: TasteKind,
  ask: ReturnType<typeof startOracle>,
  stack: Stack,
  { picks, seed, ...size }: { picks: number; seed: number } & Size,
): Promise<TasteResult> {
  const world = kind === 'pictures' ? pictureWorld(stack) : replyWorld(stack);
  const { tastes } = await ask<{ tastes: Taste[] }>({ op: 'people', kind, n: size.people, seed });
  const like = async (prompt: string, candidates: string[], whose: Taste[]): Promise<Liking[][]> =>
    (await ask<{ likings: Liking[][] }>({ op: 'like', kind, prompt, candidates, tastes: whose })).likings;
  const [picked, tested] = [
    await world.prompts(size.people * picks, seed, 'train'),
    await world.prompts(size.prompts, seed + 1, 'held_out'),
  ];

  const progress = startProgress({ label: `Picking ${kind}`, total: size.people * picks, unit: 'picks' });
  let cast = 0;
  const people = await Promise.all(
    tastes.map(async (taste, person) => {
      const own = picked.slice(person * picks, (person + 1) * picks);
      const random = seededRandom(seed * 100 + person);
      return pickAll(stack, world, `taste-${kind}-${person}`, own, random, async (prompt, candidates) => {
        progress.update(++cast);
        return (await like(prompt, candidates, [taste]))[0] as Liking[];
      });
    }),
  );
  progress.finish();

  const testing = startProgress({
    label: `Testing ${kind}`,
    total: (size.people + 1) * tested.length,
    unit: 'prompts',
  });
  let done = 0;
  const makeAll = (client: Client, personal: boolean) =>
    Promise.all(
      tested.map(async (prompt, at) => {
        const made = await world.make(client, prompt, seed + at * size.seeds, size.seeds, personal);
        testing.update(++done);
        return like(prompt, made, tastes);
      }),
    );
  const everyone = await makeAll(people[0] as Client, false);
  const mine: Liking[][][][] = [];
  for (const person of people) mine.push(await makeAll(person, true));
  testing.finish();
  const compared = compareTastes(mine, everyone, seed);
  const grammar = kind === 'replies' ? {} : { sound: null, soundForEveryone: null };
  return { kind, people: tastes.length, picks, ...compared, ...grammar };
}

/** Deals to one person, who picks what is liked best, or now and then another. The client that comes back may only ask. */
async function pickAll(
  stack: Stack,
  world: World,
  user: string,
  prompts: string[],
  random: Random,
  like: (prompt: string, candidates: string[]) => Promise<Liking[]>,
): Promise<Client> {
  const open = async (scope: 'collect' | 'infer') => {
    const { token } = await stack.admin.createUserToken({ user, scopes: [scope], expiresInSeconds: 3600 });
    return createClient({ edge: stack.edge, token });
  };
  const voter = await open('collect');
  for (const text of prompts) {
    const seed = Math.floor(random() * 2 ** 30);
    const asked = { domain: world.domain, prompt: world.asPrompt(text), k: DEALT, seed };
    const comparison = await voter.createComparison(asked);
    const shown = await world.candidates(comparison);
    const likings = await like(text, shown);
    // Not by place: the edge shuffles them, and the same run has to come out the same.
    const ranked = comparison.candidates
      .map(({ id, position }, at) => ({ id, position, shown: shown[at] ?? '', liking: likings[at] ?? -Infinity }))
      .sort((one, other) => other.liking - one.liking || (one.shown < other.shown ? -1 : 1));
    const { id: chosen, position } = ranked[random() < NOISE ? 1 + Math.floor(random() * (DEALT - 1)) : 0] as {
      id: string;
      position: number;
    };
    const choice = { type: 'pair', chosen, position } as const;
    await voter.createPreference({ comparison: comparison.id, choice, assignment: comparison.assignment });
  }
  return open('infer');
}

function pictureWorld({ admin, judge }: Stack): World {
  return {
    domain: PICTURES,
    prompts: (n, seed, split) => judge.captions(n, `${seed} ${split}`),
    asPrompt: (text) => ({ text }),
    candidates: ({ candidates }) =>
      Promise.all(
        candidates.map(async ({ content }) => {
          const bytes = content.type === 'image' ? await admin.downloadImage(content.sha256) : '';
          return bytes && Buffer.from(bytes).toString('base64');
        }),
      ),
    make: async (client, prompt, seed, n, personal) => {
      const wish = { model: PICTURES, prompt, seed, n, personal, response_format: 'b64_json' } as const;
      return (await client.generateImages(wish)).data.map(({ b64_json }) => b64_json ?? '');
    },
  };
}

function replyWorld({ judge }: Stack): World {
  const asking = (text: string) => [{ role: 'user' as const, content: text }];
  return {
    domain: REPLIES,
    prompts: async (n, seed, split) => (await judge.prompts(n, seed, split)).map(({ text }) => text),
    asPrompt: (text) => ({ messages: asking(text) }),
    candidates: async ({ candidates }) =>
      candidates.map(({ content }) => (content.type === 'text' ? content.text : '')),
    make: async (client, prompt, seed, n, personal) => {
      const wish = { model: REPLIES, messages: asking(prompt), seed, n, personal };
      return (await client.chat(wish)).completion.choices.map(({ message }) => message.content);
    },
  };
}
