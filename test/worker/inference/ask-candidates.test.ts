import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { askCandidates, planDraws } from '../../../worker/inference/ask-candidates.ts';
import { runnerBackEnd } from '../../../worker/inference/runner.ts';
import { startInferenceServer } from '../inference-server.ts';

const inference = await startInferenceServer();
afterAll(() => inference.close());
beforeEach(() => inference.reset());

const live = 'a'.repeat(64);
const head = 'b'.repeat(64);

describe('the plan of draws', () => {
  it('alternates between the live adapter and the head, each draw with its own seed', () => {
    expect(planDraws({ live, head }, 4, 7)).toEqual([
      { role: 'live', adapter: live, seed: 7 },
      { role: 'head', adapter: head, seed: 8 },
      { role: 'live', adapter: live, seed: 9 },
      { role: 'head', adapter: head, seed: 10 },
    ]);
  });

  it('draws from one adapter where both pointers name it', () => {
    expect(planDraws({ live, head: live }, 2, 0).map(({ role, adapter }) => [role, adapter])).toEqual([
      ['live', live],
      ['live', live],
    ]);
    expect(planDraws({ live: null, head: null }, 2, 0).map(({ role }) => role)).toEqual(['base', 'base']);
  });

  it('names the base as such, whichever pointer it comes from', () => {
    expect(planDraws({ live: null, head }, 2, 0).map(({ role }) => role)).toEqual(['base', 'head']);
    expect(planDraws({ live, head: null }, 2, 0).map(({ role }) => role)).toEqual(['live', 'base']);
  });

  it('keeps seeds below 2^31', () => {
    expect(planDraws({ live, head }, 3, 2 ** 31 - 1).map(({ seed }) => seed)).toEqual([2 ** 31 - 1, 0, 1]);
  });
});

describe('asked candidates', () => {
  const wish = {
    kind: 'pair' as const,
    k: 2,
    draws: 2,
    seed: 3,
    temperature: 1,
    topP: 1,
    maxTokens: 8,
    messages: [{ role: 'user' as const, content: 'Hi' }],
  };
  const ask = (changes: Partial<typeof wish> = {}) =>
    askCandidates(
      runnerBackEnd(inference.url, undefined),
      { live, head },
      { ...wish, ...changes },
      new AbortController().signal,
    );

  it('come from the adapters of the plan and say so', async () => {
    const made = await ask();
    expect(made.map(({ content }) => content)).toEqual([
      { type: 'text', text: 'aaaa with seed 3 on Hi' },
      { type: 'text', text: 'bbbb with seed 4 on Hi' },
    ]);
    expect(made.map(({ origin }) => [origin.role, origin.adapter, origin.seed])).toEqual([
      ['live', live, 3],
      ['head', head, 4],
    ]);
  });

  it('that repeat each other are drawn again from the same adapter, with the seed that was used recorded', async () => {
    inference.behave({ say: ({ seed = 0 }) => (seed < 6 ? 'same' : `other ${seed}`) });
    const made = await ask();
    expect(made.map(({ origin }) => [origin.role, origin.seed])).toEqual([
      ['live', 3],
      ['head', 6],
    ]);
    expect(inference.asked.map(({ model }) => model[0])).toEqual(['a', 'b', 'b']);
  });

  it('are not drawn again at temperature 0, where another seed changes nothing', async () => {
    inference.behave({ say: () => 'same' });
    expect(await ask({ temperature: 0 })).toHaveLength(2);
    expect(inference.asked).toHaveLength(2);
  });

  it('are the most different of more draws, in the order of the plan', async () => {
    const said = ['Restart the router.', 'Restart the router!', 'Restart the router?', 'Hello! 😀'];
    inference.behave({ say: ({ seed = 0 }) => said[seed - 3] ?? 'unasked' });
    const made = await ask({ draws: 4 });
    expect(made.map(({ content }) => content)).toEqual([
      { type: 'text', text: said[0] },
      { type: 'text', text: said[3] },
    ]);
    expect(made.map(({ origin }) => [origin.role, origin.seed])).toEqual([
      ['live', 3],
      ['head', 6],
    ]);
    expect(inference.asked).toHaveLength(4);
  });

  it('of more draws are not drawn again while enough of them differ', async () => {
    inference.behave({ say: ({ seed = 0 }) => (seed === 4 ? 'other' : 'same') });
    expect(await ask({ draws: 4 })).toHaveLength(2);
    expect(inference.asked).toHaveLength(4);
  });

  it('of more draws leave out what cannot be stored', async () => {
    inference.behave({ say: ({ seed = 0 }) => (seed < 5 ? '\ud800' : `said ${seed}`) });
    const made = await ask({ draws: 4 });
    expect(made.map(({ content }) => content)).toEqual([
      { type: 'text', text: 'said 5' },
      { type: 'text', text: 'said 6' },
    ]);
  });

  it('of a back end without token ids have none', async () => {
    inference.behave({ fail: { status: 200, body: plain('Hello') } });
    const [first] = await ask();
    expect(first?.origin).toMatchObject({ tokenIds: null, logps: null });
  });
});

describe('loading an adapter', () => {
  it('says whether it makes a difference', async () => {
    expect(await runnerBackEnd(inference.url, undefined).load(head)).toEqual({ differs: true });
  });

  it('fails with the reason', async () => {
    const nowhere = runnerBackEnd(`${inference.url}/nowhere`, undefined);
    await expect(nowhere.load(head)).rejects.toMatchObject({
      code: 'probe_failed',
      message: expect.stringContaining('no such path'),
    });
    const gone = await startInferenceServer();
    await gone.close();
    await expect(runnerBackEnd(gone.url, undefined).load(head)).rejects.toMatchObject({
      code: 'inference_unavailable',
    });
  });
});

function plain(content: string) {
  return {
    ...{ id: 'x', object: 'chat.completion', created: 1, model: 'm' },
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  };
}
