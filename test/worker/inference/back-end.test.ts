import { afterAll, beforeEach, expect, it } from 'vitest';
import { describeOnHosts, type TestEdge } from '../hosts.ts';
import { startInferenceServer } from '../inference-server.ts';
import { type MadeAdapter, makeAdapter, makeImageAdapter, uploadAdapter } from '../made-adapter.ts';

const [writes, draws] = [await startInferenceServer(), await startInferenceServer()];
beforeEach(() => {
  writes.reset();
  draws.reset();
});
afterAll(() => Promise.all([writes.close(), draws.close()]));

async function setUp(edge: TestEdge) {
  const { admin, createDomain } = await edge.createProject();
  await createDomain({ id: 'replies' });
  await createDomain({ id: 'sprites', recipe: { method: 'ppd' } });
  await createDomain({ id: 'liked', recipe: { method: 'sft' } });
  const post = (path: string, body: unknown) => edge.get('POST', path, { bearer: admin, body });
  async function promote(domain: string, adapter: MadeAdapter): Promise<string> {
    await uploadAdapter(edge, admin, adapter);
    await post('/v1/adapters', { ...adapter.input, domain, parent: null });
    await post(`/v1/domains/${domain}/promote`, { adapter: adapter.input.sha });
    return adapter.input.sha;
  }
  return { post, promote };
}

const drawn = { model: 'sprites', prompt: 'a creature' };
const written = { model: 'replies', messages: [{ role: 'user', content: 'Where is my parcel?' }] };

describeOnHosts(
  'an edge with a back end that writes and one that draws',
  (edge) => {
    it('asks each for what it makes', async () => {
      const { post } = await setUp(edge);
      await post('/v1/images/generations', drawn);
      await post('/v1/comparisons', { domain: 'sprites', prompt: { text: 'a creature' }, k: 2 });
      await post('/v1/chat/completions', written);
      await post('/v1/comparisons', { domain: 'replies', prompt: { messages: written.messages }, k: 2 });
      expect(draws.asked.map(({ prompt }) => prompt)).toEqual(['a creature', 'a creature']);
      expect(writes.asked.every(({ messages }) => messages.length > 0)).toBe(true);
      expect(writes.asked).toHaveLength(3);
    });

    it('loads an adapter where its base is, whatever the recipe could be for', async () => {
      const { promote } = await setUp(edge);
      const pictured = [
        await promote('sprites', await makeImageAdapter(1)),
        await promote('liked', await makeImageAdapter(2)),
      ];
      const textual = [await promote('replies', await makeAdapter()), await promote('liked', await makeAdapter())];
      expect(draws.loads).toEqual(pictured);
      expect(writes.loads).toEqual(textual);
    });
  },
  { INFERENCE_URL: writes.url, INFERENCE_IMAGES_URL: draws.url },
);

describeOnHosts(
  'an edge with a back end that draws alone',
  (edge) => {
    it('draws, and says that nothing writes', async () => {
      const { post } = await setUp(edge);
      expect((await post('/v1/images/generations', drawn)).data).toHaveLength(1);
      await expect(post('/v1/chat/completions', written)).rejects.toThrow('inference_unavailable');
      expect((await edge.call('GET', '/v1/health')).body).toMatchObject({ status: 'ok', inference: true });
    });
  },
  { INFERENCE_IMAGES_URL: `${draws.url}/` },
);

const gone = await startInferenceServer();
await gone.close();

describeOnHosts(
  'an edge of whose two back ends one is gone',
  (edge) => {
    it('is degraded', async () => {
      expect((await edge.call('GET', '/v1/health')).body).toMatchObject({ status: 'degraded', inference: false });
    });
  },
  { INFERENCE_URL: writes.url, INFERENCE_IMAGES_URL: gone.url },
);

describeOnHosts('an edge without back ends', (edge) => {
  it('promotes what nobody could load', async () => {
    const { promote } = await setUp(edge);
    await promote('sprites', await makeImageAdapter(3));
    expect(draws.loads).toEqual([]);
  });
});
