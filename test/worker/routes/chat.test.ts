import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  castVotes,
  makeBasis,
  makeMixture,
  makeSetEncoder,
  publishMixture,
  publishSetEncoder,
  tasteVote,
} from '../encoder/made-encoder.ts';
import { describeOnHosts } from '../hosts.ts';
import { startInferenceServer } from '../inference-server.ts';

const inference = await startInferenceServer();
const gone = await startInferenceServer();
await gone.close();
afterAll(() => inference.close());
beforeEach(() => inference.reset());

const messages = [{ role: 'user', content: 'Where is my parcel?' }];
const ask = { model: 'replies', messages };

describeOnHosts(
  'chat completions',
  (edge) => {
    async function setUp(domain: Record<string, unknown> = {}) {
      const project = await edge.createProject();
      await project.createDomain(domain);
      const infer = await project.createKey(['infer']);
      const user = await project.createUserToken('anna');
      const say = (body: object, bearer = infer) => edge.call('POST', '/v1/chat/completions', { bearer, body });
      return { project, infer, user, say };
    }

    it('answers through the live adapter, which is the base at first, and says so', async () => {
      const { say, user } = await setUp({ temperature: 0.5, topP: 0.8, maxTokens: 30, system: 'Be brief.' });
      const { status, body, headers } = await say({ ...ask, seed: 7, stop: ['\n'] }, user);
      expect(status).toBe(200);
      expect(headers.get('x-prefloop-adapter')).toBe('base');
      expect(body.choices[0].message.content).toBe('base with seed 7 on Where is my parcel?');
      expect(inference.asked[0]).toEqual({
        ...{ model: 'base', messages: [{ role: 'system', content: 'Be brief.' }, ...messages], seed: 7, stop: ['\n'] },
        ...{ n: 1, temperature: 0.5, top_p: 0.8, max_tokens: 30, stream: false, logprobs: false },
      });
    });

    it('takes beams and revisions to the back end, with the words that the domain was trained on', async () => {
      const revision = 'Asked: {prompt} Said: {draft} Better:';
      const { say } = await setUp({ recipe: { method: 'srpo', revision } });
      expect((await say({ ...ask, num_beams: 4 })).status).toBe(200);
      expect((await say({ ...ask, revise: 2 })).status).toBe(200);
      expect(inference.asked).toMatchObject([{ num_beams: 4 }, { revise: 2, revision }]);
      expect(inference.asked[0]).not.toHaveProperty('revision');
    });

    it.each([
      [{ num_beams: 2, n: 2 }, 'num_beams'],
      [{ num_beams: 2, stream: true }, 'num_beams'],
      [{ num_beams: 2, stop: 'x' }, 'num_beams'],
      [{ num_beams: 17 }, 'num_beams'],
      [{ revise: 1, stream: true }, 'revise'],
      [{ revise: 9 }, 'revise'],
    ])('refuses %o by name', async (fields, name) => {
      const { say } = await setUp();
      const { status, body } = await say({ ...ask, ...fields });
      expect([status, body.code]).toEqual([400, 'invalid_request']);
      expect(JSON.stringify(body)).toContain(name);
      expect(inference.asked).toEqual([]);
    });

    it('takes the bearer key to the back end', async () => {
      const { say } = await setUp();
      await say(ask);
      expect(inference.bearers).toEqual(['Bearer key-of-the-back-end']);
    });

    it('prefers the caller’s settings, up to the domain’s tokens for people', async () => {
      const { say, user, infer } = await setUp({ maxTokens: 30 });
      await say({ ...ask, temperature: 0, top_p: 0.5, max_tokens: 5, n: 2 }, infer);
      await say({ ...ask, max_completion_tokens: 500, max_tokens: 10 }, infer);
      await say({ ...ask, max_completion_tokens: 500 }, user);
      expect(inference.asked[0]).toMatchObject({ temperature: 0, top_p: 0.5, max_tokens: 5, n: 2 });
      expect(inference.asked.map(({ max_tokens }) => max_tokens)).toEqual([5, 500, 30]);
    });

    it('streams chunks as they are made', async () => {
      const { infer } = await setUp();
      inference.behave({ chunkMs: 150 });
      const response = await fetch(`${edge.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${infer}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ...ask, stream: true, seed: 1 }),
      });
      expect(response.headers.get('content-type')).toContain('text/event-stream');
      expect(response.headers.get('x-prefloop-adapter')).toBe('base');
      const arrivals: number[] = [];
      let text = '';
      for await (const chunk of response.body ?? []) {
        arrivals.push(performance.now());
        text += new TextDecoder().decode(chunk);
      }
      expect(text).toContain('"base "');
      expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
      // Eight words, 150 ms apart: an answer that was held back would come at once.
      expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(600);
    });

    it('tells the back end when the caller goes away', async () => {
      const { infer } = await setUp();
      inference.behave({ chunkMs: 100 });
      const leave = new AbortController();
      const response = await fetch(`${edge.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${infer}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ...ask, messages: [{ role: 'user', content: 'word '.repeat(200) }], stream: true }),
        signal: leave.signal,
      });
      await response.body?.getReader().read();
      leave.abort();
      await expect.poll(() => inference.aborted, { timeout: 20_000 }).toBe(1);
    });

    it('asks again when a connection breaks before the answer began, and gives up in the end', async () => {
      const { say } = await setUp();
      inference.behave({ drop: 1 });
      expect((await say(ask)).status).toBe(200);
      inference.behave({ drop: 1000 });
      expect(await say(ask)).toMatchObject({ status: 503, body: { code: 'inference_unavailable' } });
    });

    it('never passes on the answer of another adapter than the one it asked for', async () => {
      const { say } = await setUp();
      inference.behave({ adapter: 'f'.repeat(64) });
      expect(await say(ask)).toMatchObject({ status: 502, body: { code: 'inference_failed' } });
    });

    it.each([
      ['an unknown domain', { ...ask, model: 'nowhere' }, 404, 'not_found'],
      ['no messages', { ...ask, messages: [] }, 400, 'invalid_request'],
      ['an adapter of the caller’s choice', { ...ask, model: 'f'.repeat(64) }, 400, 'invalid_request'],
      ['an unknown field', { ...ask, adapter: 'x' }, 400, 'invalid_request'],
      ['a NUL byte', { ...ask, messages: [{ role: 'user', content: '\0' }] }, 400, 'invalid_request'],
    ])('refuses %s', async (_, body, status, code) => {
      const { say } = await setUp();
      expect(await say(body)).toMatchObject({ status, body: { code } });
      expect(inference.asked).toEqual([]);
    });

    it('passes on what the model says of a bad request, and hides other failures', async () => {
      const { say } = await setUp();
      inference.behave({ fail: { status: 422, body: { code: 'too_long', message: 'the prompt has 2,000 tokens' } } });
      const refused = await say(ask);
      expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
      expect(refused.body.message).toContain('2,000 tokens');
      inference.behave({ fail: { status: 503, body: '<html>' } });
      expect(await say(ask)).toMatchObject({ status: 502, body: { code: 'inference_failed' } });
    });

    it('needs the scope infer', async () => {
      const { project, say } = await setUp();
      for (const bearer of [await project.createUserToken('anna', ['collect']), await project.createKey(['ingest'])]) {
        expect(await say(ask, bearer)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      }
    });

    describe('of a domain with a mixture', () => {
      async function setUpMixture(input: Record<string, unknown> = {}) {
        const made = await setUp();
        const basis = await makeBasis(edge, made.project, 3);
        const mixture = makeMixture(basis, input);
        const sha = await publishMixture(edge, made.project, mixture);
        return { ...made, basis, mixture, sha };
      }

      it('come from the user’s own weights, and say under which encoder', async () => {
        const { project, say, user, basis, mixture, sha } = await setUpMixture();
        const answer = await say({ ...ask, seed: 1 }, user);
        expect(answer.status).toBe(200);
        expect(answer.headers.get('x-prefloop-adapter')).toBe('mixture');
        expect(answer.headers.get('x-prefloop-encoder')).toBe(sha);
        expect(inference.asked[0]).toMatchObject({ model: 'mixture', mixture: [{ adapter: basis[0], weight: 0.1 }] });

        const space = String(mixture.space);
        await castVotes(edge, project.admin, [
          tasteVote(
            'anna',
            [
              [0, 1, 0],
              [0, 0, 0],
            ],
            {},
            space,
          ),
        ]);
        await say({ ...ask, stream: true }, user);
        const { body } = await edge.call('GET', '/v1/users/anna/embedding?domain=replies', { bearer: user });
        expect(body.votes).toBe(1);
        const weights = body.values.map((weight: number, k: number) => ({ adapter: basis[k], weight }));
        expect(inference.asked[1]?.mixture).toEqual(weights.filter(({ weight }: { weight: number }) => weight !== 0));
        expect(weights[1].weight).toBeGreaterThan(0.1);
      });

      it('are everybody’s where no taste is to be used, or none is known', async () => {
        const { say, user, infer } = await setUpMixture();
        const nobody = await setUpMixture({
          prior: {
            mean: [0, 0, 0],
            precision: [
              [1, 0, 0],
              [0, 1, 0],
              [0, 0, 1],
            ],
          },
        });
        const answers = [
          await say({ ...ask, personal: false }, user),
          await say(ask, infer),
          await nobody.say(ask, nobody.user),
        ];
        for (const { status, headers } of answers) {
          expect(status).toBe(200);
          expect(headers.get('x-prefloop-adapter')).toBe('base');
          expect(headers.get('x-prefloop-encoder')).toBeNull();
        }
        for (const asked of inference.asked) {
          expect(asked.model).toBe('base');
          expect(asked).not.toHaveProperty('mixture');
        }
      });

      it('are never those of the live adapter in the mixture’s place', async () => {
        const { say, user } = await setUpMixture();
        inference.behave({ adapter: 'base' });
        expect(await say(ask, user)).toMatchObject({ status: 502, body: { code: 'inference_failed' } });
      });
    });

    it('are of the live adapter in a domain with another kind of encoder', async () => {
      const { project, say, user } = await setUp();
      await publishSetEncoder(edge, project, await makeSetEncoder());
      expect((await say(ask, user)).headers.get('x-prefloop-adapter')).toBe('base');
    });

    it('lists the domains as models', async () => {
      const { project, user } = await setUp();
      await project.createDomain({ id: 'another' });
      const { body } = await edge.call('GET', '/v1/models', { bearer: user });
      expect(body.data.map(({ id }: { id: string }) => id)).toEqual(['another', 'replies']);
      expect(body).toMatchObject({ object: 'list', data: [{ object: 'model', owned_by: project.id }, {}] });
    });
  },
  { INFERENCE_URL: inference.url, INFERENCE_KEY: 'key-of-the-back-end' },
);

describeOnHosts(
  'chat completions without inference',
  (edge) => {
    it('says that nothing answers', async () => {
      const project = await edge.createProject();
      await project.createDomain();
      const chat = await edge.call('POST', '/v1/chat/completions', { bearer: project.admin, body: ask });
      expect(chat).toMatchObject({ status: 503, body: { code: 'inference_unavailable' } });
      const body = { domain: 'replies', prompt: { messages } };
      const comparison = await edge.call('POST', '/v1/comparisons', { bearer: project.admin, body });
      expect(comparison).toMatchObject({ status: 503, body: { code: 'inference_unavailable' } });
      expect((await edge.call('GET', '/v1/health')).body).toMatchObject({ status: 'degraded', inference: false });
    });
  },
  { INFERENCE_URL: gone.url },
);
