/** One batch of the loop bench: votes until it is full, then the wait until what it taught is served. */
import type { Stack } from '../../scripts/demo/stack.ts';
import { startProgress } from '../../shared/cli/progress-bar.ts';
import { type Client, createClient } from '../../shared/client/client.ts';
import type { Comparison } from '../../shared/contracts/comparison.ts';

export const DOMAIN = 'loop';
const TASTE = 'brief';
/** How often it is asked whether the checkpoint is served: the resolution of the figure. */
const LOOK_MS = 50;
const PATIENCE_MS = 300_000;

export type Row = {
  batch: number;
  votes: number;
  /** From the last vote's acknowledgement to the first answer from the new adapter. */
  voteToServedSeconds: number;
  trainSeconds: number;
  gateSeconds: number;
  overheadSeconds: number;
};

export async function openVoter(stack: Stack): Promise<Client> {
  const { token } = await stack.admin.createUserToken({
    user: 'voter',
    scopes: ['collect', 'infer'],
    expiresInSeconds: 3600,
  });
  return createClient({ edge: stack.edge, token });
}

type Prompts = Awaited<ReturnType<Stack['judge']['prompts']>>;

/** Votes until the batch is full; the clock starts when the last of them is acknowledged. */
export async function measureBatch(
  stack: Stack,
  voter: Client,
  prompts: Prompts,
  batch: number,
  size: number,
): Promise<Row> {
  const { live: before } = await stack.admin.getDomain(DOMAIN);
  const progress = startProgress({ label: `Batch ${batch}: votes`, total: size });
  let trained = 0;
  let acknowledged = 0;
  while (trained < size) {
    const asked = prompts.pop();
    if (!asked) throw new Error('the prompts ran out before the batch was full');
    const comparison = await voter.createComparison({ domain: DOMAIN, prompt: { messages: asked.messages } });
    const chosen = await choose(stack, asked.text, comparison);
    if (!chosen) continue; // both alike: nothing to learn, and a batch of ties would train on nothing
    const { status } = await voter.createPreference({
      comparison: comparison.id,
      choice: { type: 'pair', chosen: chosen.id, position: chosen.position },
      assignment: comparison.assignment,
    });
    acknowledged = performance.now();
    if (status === 'waiting') progress.update(++trained); // a held-out vote is stored and never trained on
  }
  progress.finish();
  const { sha, served } = await untilServed(voter, stack.admin, before, acknowledged);
  const { metrics, preferences } = await stack.admin.getAdapter(sha);
  const { trainSeconds = Number.NaN, gateSeconds = Number.NaN } = metrics;
  const voteToServedSeconds = (served - acknowledged) / 1000;
  return {
    batch,
    votes: preferences,
    voteToServedSeconds,
    trainSeconds,
    gateSeconds,
    overheadSeconds: voteToServedSeconds - trainSeconds - gateSeconds,
  };
}

async function choose(stack: Stack, prompt: string, { candidates }: Comparison) {
  const replies = candidates.map(({ content }) => (content.type === 'text' ? content.text : ''));
  const [scores = []] = await stack.judge.score(TASTE, [{ prompt, replies }]);
  const [first, second] = scores.map(({ score }) => score);
  if (first === undefined || second === undefined || first === second) return undefined;
  return candidates[first > second ? 0 : 1];
}

/** Served means that an answer came from it; before that the alias is watched, which costs the machine next to nothing. */
async function untilServed(voter: Client, admin: Client, before: string | null, since: number) {
  while (performance.now() - since < PATIENCE_MS) {
    const { live } = await admin.getDomain(DOMAIN);
    if (live !== null && live !== before) {
      const messages = [{ role: 'user' as const, content: 'Where is my parcel?' }];
      const { adapter } = await voter.chat({ model: DOMAIN, messages, max_tokens: 1 });
      if (adapter === live) return { sha: live, served: performance.now() };
    }
    await new Promise((wake) => setTimeout(wake, LOOK_MS));
  }
  const stats = await admin.getStats(DOMAIN);
  const last = stats.adapters.at(-1);
  throw new Error(
    `no new adapter was served in time; batches ${JSON.stringify(stats.batches)}, last adapter ${last?.stage ?? 'none'}`,
  );
}
