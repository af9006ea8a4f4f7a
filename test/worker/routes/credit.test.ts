import { afterAll, beforeEach, expect, it } from 'vitest';
import { describeOnHosts } from '../hosts.ts';
import { startInferenceServer } from '../inference-server.ts';

const inference = await startInferenceServer();
afterAll(() => inference.close());
beforeEach(() => inference.reset());

const messages = [{ role: 'user', content: 'Where is my parcel?' }];

describeOnHosts(
  'credit of tokens',
  (edge) => {
    async function setUp(domain: Record<string, unknown> = {}) {
      const project = await edge.createProject();
      await project.createDomain(domain);
      const user = await project.createUserToken('anna');
      const credit = (body: object, bearer = user) => edge.call('POST', '/v1/credit', { bearer, body });
      return { project, credit };
    }

    it('is that of the live adapter, at the strength of the domain’s recipe', async () => {
      const { credit } = await setUp({ recipe: { method: 'dpo', beta: 0.2 }, system: 'Be brief.' });
      const { status, body, headers } = await credit({ model: 'replies', messages, completion: 'Here.' });
      expect([status, headers.get('x-prefloop-adapter')]).toEqual([200, 'base']);
      expect(body.tokens).toHaveLength(5);
      expect(body.reward).toBeCloseTo(0.5, 12);
      expect(inference.asked[0]).toEqual({
        ...{ model: 'base', completion: 'Here.', beta: 0.2 },
        messages: [{ role: 'system', content: 'Be brief.' }, ...messages],
      });
      await credit({ model: 'replies', messages, completion: 'Here.', beta: 1 });
      expect(inference.asked[1]).toMatchObject({ beta: 1 });
    });

    it('is refused without an answer to credit, without the right, and of an unknown domain', async () => {
      const { credit, project } = await setUp();
      const body = { model: 'replies', messages, completion: 'Here.' };
      expect((await credit({ ...body, completion: '' })).status).toBe(400);
      expect((await credit(body, await project.createKey(['ingest']))).status).toBe(403);
      expect((await credit({ ...body, model: 'nobody' })).status).toBe(404);
    });

    it('never passes on what another adapter says', async () => {
      const { credit } = await setUp();
      inference.behave({ adapter: 'f'.repeat(64) });
      const { status, body } = await credit({ model: 'replies', messages, completion: 'Here.' });
      expect([status, body.code]).toEqual([502, 'inference_failed']);
    });
  },
  { INFERENCE_URL: inference.url, INFERENCE_KEY: 'key-of-the-back-end' },
);
