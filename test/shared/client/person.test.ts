import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Client, createClient } from '../../../shared/client/client.ts';
import { castVotes, tasteVote } from '../../worker/encoder/made-encoder.ts';
import { TestEdge } from '../../worker/hosts.ts';
import { startInferenceServer } from '../../worker/inference-server.ts';

const inference = await startInferenceServer();
const edge = new TestEdge('deno', { INFERENCE_URL: inference.url });
let admin: Client;
let anna: Client;

beforeAll(async () => {
  await edge.start();
  const project = await edge.createProject({ id: 'client' });
  await project.createDomain({ holdOut: 0.5 });
  const features = [[1], [0]];
  await castVotes(edge, project.admin, [
    ...Array.from({ length: 12 }, () => tasteVote('anna', features)),
    ...Array.from({ length: 3 }, () => tasteVote('ben', features)),
  ]);
  admin = createClient({ edge: edge.url, token: project.admin });
  anna = createClient({ edge: edge.url, token: await project.createUserToken('anna') });
});
afterAll(async () => {
  await edge.stop();
  await inference.close();
});

it('a person reads what answers them, and their own votes, newest first over the pages', async () => {
  const route = await anna.getRoute('anna', 'replies');
  expect(route).toMatchObject({ user: 'anna', domain: 'replies', adapter: null, personal: null });
  const seqs: number[] = [];
  for await (const { user, seq } of anna.eachPreference({ user: 'anna', domain: 'replies', limit: 5 })) {
    expect(user).toBe('anna');
    seqs.push(seq);
  }
  expect(seqs).toEqual(Array.from({ length: 12 }, (_, n) => 12 - n));
});

it('an operator reads what changed, and is told at once when nothing can be asked', async () => {
  const { live, samples } = await admin.getSamples('replies', 2);
  expect([live, samples.length]).toEqual([null, 2]);
  inference.reset();
  inference.behave({ fail: { status: 500, body: { code: 'internal', message: 'broken' } } });
  await expect(admin.getSamples('replies', 1)).rejects.toMatchObject({ code: 'inference_failed' });
  expect(inference.asked).toHaveLength(1);
});
