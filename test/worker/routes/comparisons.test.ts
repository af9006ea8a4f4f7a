import { afterAll, beforeEach, expect, it } from 'vitest';
import type { CandidateWithOrigin } from '../../../shared/contracts/candidate.ts';
import { uuidv7 } from '../../../shared/math/uuidv7.ts';
import { makeBasis, makeMixture, publishMixture } from '../encoder/made-encoder.ts';
import { describeOnHosts } from '../hosts.ts';
import { startInferenceServer } from '../inference-server.ts';

const inference = await startInferenceServer();
afterAll(() => inference.close());
beforeEach(() => inference.reset());

const prompt = { messages: [{ role: 'user', content: 'Where is my parcel?' }] };
const ask = { domain: 'replies', prompt };
const candidates = ['It is on its way.', 'Look it up.', 'No idea.'].map((text) => ({
  content: { type: 'text', text },
}));

describeOnHosts(
  'comparisons',
  (edge) => {
    async function setUp(domain: Record<string, unknown> = {}) {
      const project = await edge.createProject();
      await project.createDomain(domain);
      const ingest = await project.createKey(['ingest']);
      const user = await project.createUserToken('anna');
      return {
        project,
        ingest,
        user,
        deal: (body: object, bearer = user) => edge.call('POST', '/v1/comparisons', { bearer, body }),
      };
    }

    it('of a domain with a mixture keep what its basis thinks of them, and a vote on them is a taste', async () => {
      const { project, deal, user } = await setUp();
      const basis = await makeBasis(edge, project, 2);
      const sha = await publishMixture(edge, project, makeMixture(basis));
      inference.behave({ logRatios: (text, asked) => asked.map((_, k) => (text.includes('seed 40') ? k + 1 : 0)) });
      const { body } = await deal({ ...ask, seed: 40 });
      expect(inference.asked.map((request) => request.basis)).toEqual([basis, basis]);
      expect(JSON.stringify(body)).not.toContain('features');
      const chosen = body.candidates.find(({ content }: { content: { text: string } }) => /seed 40/.test(content.text));
      const vote = { id: uuidv7(), comparison: body.id, assignment: body.assignment };
      const choice = { type: 'pair', chosen: chosen.id };
      await edge.get('POST', '/v1/preferences', { bearer: user, body: { ...vote, choice } });
      const taste = await edge.get('GET', '/v1/users/anna/embedding?domain=replies', { bearer: user });
      expect(taste).toMatchObject({ encoder: sha, votes: 1, unusable: [] });
      expect(taste.values[1]).toBeGreaterThan(0.1);
    });

    it('are dealt as well by a back end that knows no basis', async () => {
      const { project, deal } = await setUp();
      await publishMixture(edge, project, makeMixture(await makeBasis(edge, project, 2)));
      expect((await deal(ask)).status).toBe(201);
    });

    it('asks the models for candidates and keeps how each was made', async () => {
      const { deal, ingest } = await setUp({ temperature: 0.7, topP: 0.9, maxTokens: 50 });
      const { status, body } = await deal({ ...ask, k: 3, seed: 40 });
      expect(status).toBe(201);
      expect(body.candidates.map(({ position }: { position: number }) => position)).toEqual([0, 1, 2]);
      expect(JSON.stringify(body.candidates)).not.toContain('origin');
      expect(inference.asked.map(({ seed }) => seed).sort()).toEqual([40, 41, 42]);
      for (const request of inference.asked) {
        expect(request).toMatchObject({
          model: 'base',
          n: 1,
          temperature: 0.7,
          top_p: 0.9,
          max_tokens: 50,
          logprobs: true,
        });
      }
      const stored = await edge.get('GET', `/v1/comparisons/${body.id}`, { bearer: ingest });
      expect(stored.candidates.map(({ origin: _, ...shown }: CandidateWithOrigin) => shown)).toEqual(body.candidates);
      for (const { content, origin } of stored.candidates) {
        expect(content.text).toBe(`base with seed ${origin.seed} on Where is my parcel?`);
        expect(origin).toEqual({
          ...{ role: 'base', adapter: null, model: null, seed: origin.seed, temperature: 0.7, topP: 0.9 },
          tokenIds: [...content.text].map((letter) => letter.codePointAt(0)),
          logps: [...content.text].map(() => -0.5),
        });
      }
    });

    it('deals in a random order', async () => {
      const { deal, ingest } = await setUp();
      const first = new Set<string>();
      for (let i = 0; i < 24; i++) {
        const { body } = await deal({ ...ask, candidates }, ingest);
        first.add(body.candidates[0].content.text);
      }
      // Each of three is never first in 24 fair deals with probability (2/3)^24 < 1e-4.
      expect(first.size).toBe(3);
    });

    it('keeps the order of candidates that the page has shown already, and of no others', async () => {
      const { deal } = await setUp();
      for (let i = 0; i < 12; i++) {
        const { status, body } = await deal({ ...ask, candidates, asShown: true });
        expect(status).toBe(201);
        expect(body.candidates.map(({ content }: { content: unknown }) => content)).toEqual(
          candidates.map(({ content }) => content),
        );
      }
      expect(await deal({ ...ask, asShown: true })).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    });

    it('takes features of the caller’s own candidates from a key with ingest alone, and shows them to nobody', async () => {
      const { deal, ingest, user } = await setUp();
      const features = [{ space: '5'.repeat(64), values: [1, null] }];
      const own = { ...ask, candidates: candidates.map((each) => ({ ...each, features })) };
      expect(await deal(own, user)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      const { status, body } = await deal(own, ingest);
      expect(status).toBe(201);
      expect(JSON.stringify(body)).not.toContain('features');
    });

    it('answers a repeated request with the same comparison, and another one under its id with a conflict', async () => {
      const { deal, user } = await setUp();
      const id = uuidv7();
      const first = await deal({ ...ask, id });
      const again = await deal({ ...ask, id });
      expect([first.status, again.status]).toEqual([201, 200]);
      expect(again.body).toEqual(first.body);
      expect(inference.asked).toHaveLength(2);
      const other = await deal({ ...ask, id, k: 3 }, user);
      expect(other).toMatchObject({ status: 409, body: { code: 'idempotency_conflict' } });
    });

    it('makes one comparison of two equal requests at once', async () => {
      const { deal } = await setUp();
      const id = uuidv7();
      const answers = await Promise.all([deal({ ...ask, id }), deal({ ...ask, id }), deal({ ...ask, id })]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
      for (const { body } of answers) expect(body).toEqual(answers[0]?.body);
    });

    it('refuses the id of somebody else’s comparison', async () => {
      const { deal, project } = await setUp();
      const id = uuidv7();
      await deal({ ...ask, id });
      const other = await deal({ ...ask, id }, await project.createUserToken('ben'));
      expect(other).toMatchObject({ status: 409, body: { code: 'idempotency_conflict' } });
    });

    it('takes the caller’s own candidates from a key with ingest and from a user, not from a public key', async () => {
      const { deal, ingest, user, project } = await setUp();
      await edge.get('PATCH', '/v1/project', {
        bearer: project.admin,
        body: { allowedOrigins: ['https://shop.example'] },
      });
      const open = await project.createKey([], 'public');
      const headers = { origin: 'https://shop.example' };
      const origin = { role: 'imported', model: 'gpt', temperature: 1 };
      const id = uuidv7();
      const own = [{ id, content: { type: 'text', text: 'a' }, origin }, ...candidates];
      const answer = await deal({ ...ask, candidates: own }, ingest);
      expect(answer.status).toBe(201);
      const stored = await edge.get('GET', `/v1/comparisons/${answer.body.id}`, { bearer: ingest });
      expect(stored.candidates.find((one: { id: string }) => one.id === id).origin).toMatchObject(origin);
      expect(stored.candidates.filter((one: CandidateWithOrigin) => one.origin.role === 'caller')).toHaveLength(3);
      expect((await deal({ ...ask, candidates }, user)).status).toBe(201);
      expect(await deal({ ...ask, candidates: own }, user)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      const anonymous = (body: object) => edge.call('POST', '/v1/comparisons', { bearer: open, body, headers });
      expect(await anonymous({ ...ask, candidates })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      expect((await anonymous(ask)).status).toBe(201);
      expect(inference.asked).toHaveLength(2);
    });

    it('lets only a secret key say whom it deals to', async () => {
      const { deal, ingest, user } = await setUp();
      expect((await deal({ ...ask, candidates, user: 'anna' }, ingest)).status).toBe(201);
      expect(await deal({ ...ask, user: 'ben' }, user)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    });

    it('puts the domain’s system message before the model, and not before the person', async () => {
      const { deal } = await setUp({ system: 'Be brief.' });
      const { body } = await deal(ask);
      expect(body.prompt).toEqual(prompt);
      expect(inference.asked[0]?.messages).toEqual([{ role: 'system', content: 'Be brief.' }, ...prompt.messages]);
    });

    it('cuts an answer into steps for a comparison of steps', async () => {
      inference.behave({ say: ({ seed }) => `Step 1: think ${seed}.\nStep 2: answer.` });
      const { deal } = await setUp();
      const { body } = await deal({ ...ask, kind: 'steps', seed: 1 });
      const contents = body.candidates.map((one: { content: object }) => one.content);
      for (const seed of [1, 2]) {
        expect(contents).toContainEqual({ type: 'steps', steps: [`Step 1: think ${seed}.`, 'Step 2: answer.'] });
      }
    });

    it('draws an output again when it repeats another one', async () => {
      inference.behave({ say: ({ seed = 0 }) => (seed < 12 ? 'the same' : `new ${seed}`) });
      const { deal } = await setUp();
      const { body } = await deal({ ...ask, seed: 10 });
      const texts = body.candidates.map(({ content }: { content: { text: string } }) => content.text).sort();
      expect(texts).toEqual(['new 13', 'the same']);
    });

    it('keeps equal outputs when the model has nothing else to say', async () => {
      inference.behave({ say: () => 'always this' });
      const { deal } = await setUp();
      expect((await deal(ask)).status).toBe(201);
      expect(inference.asked).toHaveLength(4);
    });

    it('asks for more outputs than it deals, and deals the ones that differ most', async () => {
      inference.behave({ say: ({ seed = 0 }) => (seed === 12 ? 'Hello! 😀' : `Restart it, said ${seed}`) });
      const { deal, user } = await setUp();
      const { body } = await deal({ ...ask, draws: 4, seed: 10 }, user);
      const texts = body.candidates.map(({ content }: { content: { text: string } }) => content.text);
      expect(texts).toHaveLength(2);
      expect(texts).toContain('Hello! 😀');
      expect(inference.asked).toHaveLength(4);
    });

    it('caps the tokens that people may ask for at the domain’s', async () => {
      const { deal, user, ingest } = await setUp({ maxTokens: 20 });
      await deal({ ...ask, maxTokens: 5000 }, user);
      await deal({ ...ask, maxTokens: 7 }, user);
      await deal({ ...ask, maxTokens: 5000 }, ingest);
      expect(inference.asked.map(({ max_tokens }) => max_tokens)).toEqual([20, 20, 7, 7, 5000, 5000]);
    });

    it.each([
      ['an unknown domain', { ...ask, domain: 'nowhere' }, 404, 'not_found'],
      ['an unknown field', { ...ask, extra: 1 }, 400, 'invalid_request'],
      ['fewer draws than candidates', { ...ask, k: 4, draws: 3 }, 400, 'invalid_request'],
      ['draws of candidates that are there', { ...ask, candidates, draws: 2 }, 400, 'invalid_request'],
      ['more draws than eight', { ...ask, draws: 9 }, 400, 'invalid_request'],
      ['one candidate', { ...ask, candidates: candidates.slice(0, 1) }, 400, 'invalid_request'],
      [
        'nine candidates',
        { ...ask, candidates: [...candidates, ...candidates, ...candidates] },
        400,
        'invalid_request',
      ],
      ['a prompt without a question', { domain: 'replies', prompt: {} }, 400, 'invalid_request'],
      ['a plain text for the models', { domain: 'replies', prompt: { text: 'Once upon' } }, 400, 'invalid_request'],
      ['a bad id', { ...ask, id: 'mine' }, 400, 'invalid_request'],
      [
        'a text of 2 MB',
        { ...ask, prompt: { messages: [{ role: 'user', content: 'x'.repeat(2_000_000) }] } },
        400,
        'invalid_request',
      ],
      ['a NUL byte', { ...ask, prompt: { messages: [{ role: 'user', content: 'a\0b' }] } }, 400, 'invalid_request'],
      [
        'a lone surrogate',
        { ...ask, prompt: { messages: [{ role: 'user', content: 'a\ud800b' }] } },
        400,
        'invalid_request',
      ],
    ])('refuses %s', async (_, body, status, code) => {
      const { deal } = await setUp();
      expect(await deal(body)).toMatchObject({ status, body: { code } });
    });

    it('refuses two candidates with one id, and a comparison too large for a row', async () => {
      const { deal, ingest } = await setUp();
      const twin = { id: uuidv7(), content: { type: 'text', text: 'a' } };
      expect(await deal({ ...ask, candidates: [twin, twin] }, ingest)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request' },
      });
      const long = { type: 'steps', steps: Array(10).fill('x'.repeat(90_000)) };
      const answer = await deal({ ...ask, kind: 'steps', candidates: [{ content: long }, { content: long }] }, ingest);
      expect(answer).toMatchObject({ status: 413, body: { code: 'too_large' } });
    });

    it('says so when inference fails or refuses, and stores nothing', async () => {
      const { deal, ingest } = await setUp();
      const id = uuidv7();
      inference.behave({ fail: { status: 500, body: { code: 'internal', message: 'out of memory' } } });
      expect(await deal({ ...ask, id })).toMatchObject({ status: 502, body: { code: 'inference_failed' } });
      inference.behave({ fail: { status: 400, body: { code: 'too_long', message: 'the prompt is too long' } } });
      const refused = await deal({ ...ask, id });
      expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
      expect(refused.body.message).toContain('the prompt is too long');
      inference.behave({ fail: { status: 200, body: 'nonsense' } });
      expect(await deal({ ...ask, id })).toMatchObject({ status: 502, body: { code: 'inference_failed' } });
      inference.behave({ fail: null, say: () => 'a\0b' });
      expect(await deal({ ...ask, id })).toMatchObject({ status: 502, body: { code: 'inference_failed' } });
      expect((await edge.call('GET', `/v1/comparisons/${id}`, { bearer: ingest })).status).toBe(404);
      inference.reset();
      expect((await deal({ ...ask, id })).status).toBe(201);
    });

    it('shows a comparison to keys of its own project alone', async () => {
      const { deal, user } = await setUp();
      const { body } = await deal(ask);
      const stranger = await edge.createProject();
      const path = `/v1/comparisons/${body.id}`;
      expect(await edge.call('GET', path, { bearer: stranger.admin })).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      });
      expect(await edge.call('GET', path, { bearer: user })).toMatchObject({
        status: 403,
        body: { code: 'forbidden' },
      });
    });

    it('refuses a user token without collect, and a key without ingest', async () => {
      const { deal, project } = await setUp();
      for (const bearer of [await project.createUserToken('anna', ['infer']), await project.createKey(['train'])]) {
        expect(await deal(ask, bearer)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      }
    });
  },
  { INFERENCE_URL: inference.url },
);
