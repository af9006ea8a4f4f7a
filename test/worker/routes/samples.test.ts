import { afterAll, beforeEach, expect, it } from 'vitest';
import { SampleList } from '../../../shared/contracts/sample.ts';
import { uuidv7 } from '../../../shared/math/uuidv7.ts';
import { castVotes } from '../encoder/made-encoder.ts';
import { describeOnHosts, type TestEdge, type TestProject } from '../hosts.ts';
import { startInferenceServer } from '../inference-server.ts';
import { makeAdapter, makeImageAdapter, serveAdapter } from '../made-adapter.ts';
import { makePixel } from '../made-image.ts';
import { textCandidate } from '../votes.ts';

const inference = await startInferenceServer();
const gone = await startInferenceServer();
await gone.close();
afterAll(() => inference.close());
beforeEach(() => inference.reset());

type Json = Record<string, unknown>;
let made = 0;

async function setUp(edge: TestEdge, domain: Json = {}) {
  // Nine of ten are held out, and the same ones every time: that is decided by the ids.
  const project = await edge.createProject({ id: `samples-${++made}` });
  await project.createDomain({ holdOut: 0.9, ...domain });
  const read = (query = '', bearer = project.admin) =>
    edge.call('GET', `/v1/domains/replies/samples${query}`, { bearer });
  return { project, read };
}

/** A vote for each prompt; answers with the prompts that are held out, newest first. */
async function vote(
  edge: TestEdge,
  { admin }: TestProject,
  prompts: Json[],
  candidates = async () => [textCandidate('one'), textCandidate('two')],
): Promise<string[]> {
  for (const prompt of prompts) {
    const shown = await candidates();
    const comparison = { domain: 'replies', prompt, candidates: shown };
    await castVotes(edge, admin, [{ id: uuidv7(), comparison, choice: { type: 'pair', chosen: shown[0]?.id } }]);
  }
  const { items } = await edge.get('GET', '/v1/preferences?domain=replies', { bearer: admin });
  const held = items.filter(({ status }: { status: string }) => status === 'heldOut').reverse();
  const asked = held.map(({ comparison: { prompt } }: { comparison: { prompt: Json } }) => {
    return prompt.text ?? (prompt.messages as { content: string }[]).at(-1)?.content;
  });
  return [...new Set<string>(asked)];
}

const question = (n: number) => ({ messages: [{ role: 'user', content: `Question ${n}?` }] });
const questions = (count: number) => Array.from({ length: count }, (_, n) => question(n));

describeOnHosts(
  'samples',
  (edge) => {
    it('are the newest held-out prompts, each once, answered by the base and by what is served', async () => {
      const { project, read } = await setUp(edge, { system: 'Be brief.', temperature: 0.5, topP: 0.9, maxTokens: 20 });
      const held = await vote(edge, project, [...questions(9), question(3)]);
      const sha = await serveAdapter(edge, project, await makeAdapter());
      const { status, body, headers } = await read();
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(SampleList.parse(body).live).toBe(sha);
      const answer = (model: string, prompt: string) => {
        return { type: 'text', text: `${model.slice(0, 4)} with seed 7 on ${prompt}` };
      };
      expect(body.samples).toEqual(
        held.slice(0, 4).map((prompt) => ({ prompt, before: answer('base', prompt), now: answer(sha, prompt) })),
      );
      expect(inference.asked).toHaveLength(8);
      expect(inference.asked[0]).toEqual({
        ...{ model: expect.any(String), n: 1, seed: 7, temperature: 0.5, top_p: 0.9, max_tokens: 20 },
        ...{ stream: false, logprobs: false },
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: expect.any(String) },
        ],
      });
      // And again the same.
      expect((await read('?count=2')).body.samples).toEqual(body.samples.slice(0, 2));
    });

    it('are of the base alone before anything is served, and none before a vote is held out', async () => {
      const { project, read } = await setUp(edge);
      expect((await read()).body).toEqual({ live: null, samples: [] });
      await vote(edge, project, questions(6));
      const { body } = await read('?count=1');
      expect(body).toMatchObject({ live: null, samples: [{ before: { type: 'text' }, now: null }] });
      expect(inference.asked.map(({ model }) => model)).toEqual(['base']);
    });

    it('are pictures by address where the model draws, and the same ones the second time', async () => {
      const { project, read } = await setUp(edge, { recipe: { method: 'sft' } });
      const picture = async () => ({
        id: uuidv7(),
        content: { type: 'image', sha256: await makePixel(edge, project.admin) },
      });
      const captions = Array.from({ length: 6 }, (_, n) => ({ text: `creature ${n}` }));
      const held = await vote(edge, project, captions, async () => [await picture(), await picture()] as never);
      // A recipe for either says nothing yet; what the adapter is made of does.
      const sha = await serveAdapter(edge, project, await makeImageAdapter(0.5, { recipe: { method: 'sft' } }));
      const { body } = await read('?count=2');
      expect(SampleList.parse(body).samples.map(({ prompt }) => prompt)).toEqual(held.slice(0, 2));
      const [{ before, now }] = body.samples;
      expect([before.type, now.type]).toEqual(['image', 'image']);
      expect(before.sha256).not.toBe(now.sha256);
      expect(now.url).toBe(`${edge.url}/v1/images/${project.id}/${now.sha256}`);
      expect((await fetch(now.url)).headers.get('content-type')).toBe('image/png');
      expect(new Set(inference.asked.map(({ model, seed }) => `${model} ${seed}`))).toEqual(
        new Set(['base 7', `${sha} 7`]),
      );
      expect((await read('?count=2')).body).toEqual(body);
    });

    it('leave out a prompt that the model refuses, unless it refuses them all', async () => {
      const { project, read } = await setUp(edge);
      const held = await vote(edge, project, questions(8));
      const refused = held[1] as string;
      const refuse = { status: 422, body: { code: 'invalid', message: 'the prompt is too long' } };
      inference.behave({ refuse: ({ messages }) => (messages.at(-1)?.content === refused ? refuse : null) });
      const { body } = await read('?count=3');
      expect(body.samples.map(({ prompt }: { prompt: string }) => prompt)).toEqual([held[0], held[2]]);
      inference.behave({ fail: refuse });
      const all = await read();
      expect(all).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
      expect(all.body.message).toContain('the prompt is too long');
    });

    it('end with the back end’s error when it fails', async () => {
      const { project, read } = await setUp(edge);
      await vote(edge, project, questions(4));
      inference.behave({ fail: { status: 500, body: { code: 'internal', message: 'out of memory' } } });
      expect(await read()).toMatchObject({ status: 502, body: { code: 'inference_failed' } });
    });

    it.each(['?count=0', '?count=9', '?count=many'])('are a few: not %s', async (query) => {
      const { read } = await setUp(edge);
      expect(await read(query)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    });

    it('are shown to whoever may see held-out votes', async () => {
      const { project, read } = await setUp(edge);
      expect((await read('', await project.createKey(['train']))).status).toBe(200);
      for (const bearer of [await project.createKey(['infer', 'ingest']), await project.createUserToken('anna')])
        expect(await read('', bearer)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      const nowhere = await edge.call('GET', '/v1/domains/nowhere/samples', { bearer: project.admin });
      expect(nowhere).toMatchObject({ status: 404, body: { code: 'not_found' } });
    });
  },
  { INFERENCE_URL: inference.url },
);

for (const [name, settings, words] of [
  ['an edge without a back end', {}, 'No inference back end is configured'],
  ['an edge whose back end is gone', { INFERENCE_URL: gone.url }, 'cannot be reached'],
] as const) {
  describeOnHosts(
    `samples of ${name}`,
    (edge) => {
      it('are an error that says so', async () => {
        const { project, read } = await setUp(edge);
        await vote(edge, project, questions(4));
        const { status, body } = await read();
        expect([status, body.code]).toEqual([503, 'inference_unavailable']);
        expect(body.message).toContain(words);
      });
    },
    settings,
  );
}
