/** `npm run demo -- --auto`: personas vote through the public API, then the live adapters are put to the test. */
import { startProgress } from '../../shared/cli/progress-bar.ts';
import { createClient } from '../../shared/client/client.ts';
import type { Comparison } from '../../shared/contracts/comparison.ts';
import type { Choice } from '../../shared/contracts/preference.ts';
import { bootstrapMean, type Estimate } from '../../shared/math/bootstrap.ts';
import { quantile } from '../../shared/math/quantile.ts';
import { type Random, seededRandom } from '../../shared/math/random.ts';
import { DRAWS } from '../../worker/demo/contract.ts';
import type { Judge, Score, WorldPrompt } from './judge.ts';
import { demoDomain, demoRecipe, type Stack } from './stack.ts';

/** A person's vote is the wrong way round this often. */
const NOISE = 0.1;
/** What a simulated person is asked: which of two replies is better, or to put all that were drawn in order. */
export const BALLOTS = ['pair', 'ranking'] as const;
export type Ballot = (typeof BALLOTS)[number];
/**
 * Nats per token that a domain's live adapter may be away from the base. Further out lies mostly broken text, except
 * where answers become short: there every token carries more of the change.
 */
const MAX_KL = 0.13;
const MAX_KL_SHORT = 0.25;
/**
 * Votes that may wait for the runner: one batch. People who vote further ahead of it judge a model that has not heard them
 * yet, and what is learned from that leads a model astray that has moved on.
 */
const AHEAD = 24;
/** Comparisons a persona has open at once: enough to fill the server's batch, few enough to follow the live adapter. */
const OPEN = 4;

export type AutoOptions = {
  model: string;
  ballot: Ballot;
  votes: number;
  seed: number;
  heldOut: number;
  personas: readonly string[];
};

export type PersonaResult = {
  persona: string;
  votes: number;
  batches: number;
  adapters: number;
  winRate: Estimate;
  parses: Estimate;
  baseParses: number;
  /** Seconds from a vote's arrival to the adapter that learned from it being live, median. */
  voteToLive: number;
};

export type AutoResult = {
  personas: PersonaResult[];
  /** Trained on coin flips: what a win rate is when there is nothing to learn. */
  control: PersonaResult;
  /** Win rate of each domain's adapter (row), the control's too, under each persona's taste (column). */
  cross: Record<string, Record<string, number>>;
};

/** Domain that learns from coin flips, judged by the first persona's taste. */
export const CONTROL = 'coin-flips';

export async function runAuto(stack: Stack, options: AutoOptions): Promise<AutoResult> {
  const domains = [...options.personas, CONTROL];
  for (const id of domains) {
    const gates = { maxLengthRatio: 4, maxKl: id === 'brief' ? MAX_KL_SHORT : MAX_KL };
    await stack.admin.createDomain(demoDomain(id, options.model, { recipe: demoRecipe(options.seed), gates }));
  }
  stack.startRunner('--domains', ...domains);

  const progress = startProgress({ label: 'Voting', total: domains.length * options.votes, unit: 'votes' });
  let cast = 0;
  await Promise.all(
    domains.map((id, index) =>
      castVotes(stack, id, { ...options, seed: options.seed * 100 + index }, () => progress.update(++cast)),
    ),
  );
  progress.finish();
  await untilLearned(stack, domains);
  return await evaluate(stack, options);
}

/** Probability-free choice: what the persona's scores say, turned around once in ten; coin flips for the control. */
function choose(comparison: Comparison, scores: Score[], random: Random, control: boolean): Choice {
  if (comparison.kind === 'ranking') return rank(comparison, scores, random, control);
  const [first, second] = scores.map((each) => each.score) as [number, number];
  if (!control && first === second) return { type: 'tie' };
  const better = control ? random() < 0.5 : first > second !== random() < NOISE;
  const chosen = comparison.candidates[better ? 0 : 1];
  if (!chosen) throw new Error('a pair was dealt with fewer than two candidates');
  return { type: 'pair', chosen: chosen.id, position: chosen.position };
}

/** All candidates in order, equal scores tied; the whole order is turned around once in ten. */
function rank({ candidates }: Comparison, scores: Score[], random: Random, control: boolean): Choice {
  const worth = candidates.map((_, index) => (control ? random() : (scores[index]?.score ?? 0)));
  const tiers = [...new Set(worth)].sort((one, other) => other - one);
  if (!control && random() < NOISE) tiers.reverse();
  const ranking = tiers.map((tier) => candidates.filter((_, index) => worth[index] === tier).map(({ id }) => id));
  return { type: 'ranking', ranking };
}

async function castVotes(stack: Stack, domain: string, options: AutoOptions, counted: () => void): Promise<void> {
  const random = seededRandom(options.seed);
  const user = `persona-${domain}`;
  const { token } = await stack.admin.createUserToken({ user, scopes: ['collect', 'infer'], expiresInSeconds: 3600 });
  const voter = createClient({ edge: stack.edge, token });
  const prompts = await stack.judge.prompts(options.votes, options.seed, 'train');
  const taste = domain === CONTROL ? (options.personas[0] as string) : domain;

  async function castOne(asked: WorldPrompt): Promise<void> {
    const prompt = { messages: asked.messages };
    const dealt = options.ballot === 'ranking' ? DRAWS : 2;
    const comparison = await voter.createComparison({ domain, kind: options.ballot, prompt, k: dealt, draws: DRAWS });
    const replies = comparison.candidates.map(({ content }) => (content.type === 'text' ? content.text : ''));
    const [scores] = await stack.judge.score(taste, [{ prompt: asked.text, replies }]);
    await voter.createPreference({
      comparison: comparison.id,
      choice: choose(comparison, scores as Score[], random, domain === CONTROL),
      assignment: comparison.assignment,
    });
    counted();
  }

  async function pollUntilHeard(): Promise<void> {
    for (;;) {
      const { preferences } = await stack.admin.getStats(domain);
      if ((preferences.waiting ?? 0) + (preferences.batched ?? 0) < AHEAD) return;
      await new Promise((wake) => setTimeout(wake, 500));
    }
  }

  // All lanes wait on one question: the machine has better things to do than to answer each of them.
  let polling: Promise<void> | null = null;
  function untilHeard(): Promise<void> {
    polling ??= pollUntilHeard().finally(() => {
      polling = null;
    });
    return polling;
  }

  let next = 0;
  const lane = async () => {
    for (let asked = prompts[next++]; asked; asked = prompts[next++]) {
      await Promise.race([untilHeard().then(() => castOne(asked as WorldPrompt)), stack.processes.failure]);
    }
  };
  await Promise.all(Array.from({ length: OPEN }, lane));
}

/** Waits until every vote that can train has been consumed and the last checkpoint has been decided on. */
async function untilLearned(stack: Stack, domains: string[]): Promise<void> {
  const progress = startProgress({ label: 'Learning from the last votes' });
  for (;;) {
    const all = await Promise.all(domains.map((id) => stack.admin.getStats(id)));
    const open = all.reduce((sum, { preferences }) => sum + (preferences.waiting ?? 0) + (preferences.batched ?? 0), 0);
    const quarantined = all.reduce((sum, { batches }) => sum + batches.quarantined, 0);
    if (quarantined > 0) throw new Error(`${quarantined} batches were quarantined; see the runner's log`);
    const undecided = all.some(
      ({ domain, adapters }) => domain.head !== domain.live && adapters.at(-1)?.gates.every((gate) => gate.passed),
    );
    if (open === 0 && !undecided) break;
    progress.update(open, `${open} votes to go`);
    await Promise.race([new Promise((wake) => setTimeout(wake, 250)), stack.processes.failure]);
  }
  progress.finish('Everything has been learned from.');
}

type Asker = (asked: WorldPrompt, seed: number) => Promise<string>;

async function evaluate(stack: Stack, options: AutoOptions): Promise<AutoResult> {
  const prompts = await stack.judge.prompts(options.heldOut, options.seed, 'held_out');
  const domains = [...options.personas, CONTROL];
  const progress = startProgress({ label: 'Testing', total: prompts.length * (domains.length + 1), unit: 'replies' });
  let replies = 0;

  /** Many requests at once: the server runs them as rows of one batch, each with its own adapter. */
  async function askAll(ask: Asker, seed: number): Promise<string[]> {
    const answers: string[] = new Array(prompts.length);
    let next = 0;
    const lane = async () => {
      for (let index = next++; index < prompts.length; index = next++) {
        answers[index] = await ask(prompts[index] as WorldPrompt, seed + index);
        progress.update(++replies);
      }
    };
    await Promise.all(Array.from({ length: 24 }, lane));
    return answers;
  }

  const base = await askAll(askBase(stack), 1_000_000);
  const live = new Map<string, string[]>();
  for (const [index, domain] of domains.entries())
    live.set(domain, await askAll(askLive(stack, domain), 2_000_000 + index * 10_000));
  progress.finish();

  const compare = (answers: string[], taste: string) => judgeAgainst(stack.judge, taste, prompts, answers, base);
  const summarise = async (domain: string, taste: string): Promise<PersonaResult> => {
    const judged = await compare(live.get(domain) as string[], taste);
    const stats = await stack.admin.getStats(domain);
    return {
      persona: domain,
      votes: Object.values(stats.preferences).reduce((sum, count) => sum + count, 0),
      batches: stats.batches.completed,
      adapters: stats.adapters.length,
      winRate: bootstrapMean(judged.wins, { seed: options.seed }),
      parses: bootstrapMean(judged.parsed, { seed: options.seed }),
      baseParses: judged.baseParsed,
      voteToLive: await medianVoteToLive(stack, domain),
    };
  };

  const personas: PersonaResult[] = [];
  const cross: AutoResult['cross'] = {};
  for (const persona of options.personas) personas.push(await summarise(persona, persona));
  for (const domain of domains) {
    cross[domain] = {};
    for (const taste of options.personas) {
      const { wins } = await compare(live.get(domain) as string[], taste);
      cross[domain][taste] = wins.reduce((sum, win) => sum + win, 0) / wins.length;
    }
  }
  return { personas, control: await summarise(CONTROL, options.personas[0] as string), cross };
}

/** The base is not something a caller of the edge can ask for; the demo owns the inference server and asks it. */
function askBase(stack: Stack): Asker {
  return async ({ messages }, seed) => {
    const response = await fetch(`${stack.inference.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${stack.inference.key}` },
      body: JSON.stringify({ model: 'base', messages, seed, temperature: 1, max_tokens: 160 }),
    });
    if (!response.ok) throw new Error(`the inference server answered ${response.status}: ${await response.text()}`);
    const body = (await response.json()) as { choices: { message: { content: string } }[] };
    return body.choices[0]?.message.content ?? '';
  };
}

function askLive(stack: Stack, domain: string): Asker {
  return async ({ messages }, seed) => {
    const { completion } = await stack.admin.chat({ model: domain, messages, seed, temperature: 1, max_tokens: 160 });
    return completion.choices[0]?.message.content ?? '';
  };
}

async function judgeAgainst(judge: Judge, taste: string, prompts: WorldPrompt[], answers: string[], base: string[]) {
  const items = prompts.map(({ text: prompt }, index) => ({
    prompt,
    replies: [answers[index] ?? '', base[index] ?? ''],
  }));
  const scores = await judge.score(taste, items);
  const wins = scores.map(([ours, theirs]) => 0.5 + 0.5 * Math.sign((ours?.score ?? 0) - (theirs?.score ?? 0)));
  const parsed = scores.map(([ours]) => (ours?.parsed ? 1 : 0));
  const baseParsed = scores.filter(([, theirs]) => theirs?.parsed).length / scores.length;
  return { wins, parsed, baseParsed };
}

/** From the export: when each consumed vote came in, against when the adapter that consumed it went live. */
async function medianVoteToLive(stack: Stack, domain: string): Promise<number> {
  const { items: adapters } = await stack.admin.listAdapters(domain);
  const liveAt = new Map(adapters.map((adapter) => [adapter.sha, adapter.liveAt]));
  const delays: number[] = [];
  for await (const vote of stack.admin.eachPreference({ domain })) {
    const live = vote.adapter && liveAt.get(vote.adapter);
    if (live) delays.push((live - vote.createdAt) / 1000);
  }
  return delays.length > 0 ? quantile(delays, 0.5) : Number.NaN;
}
