import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { UserRoute } from '../../../shared/contracts/route.ts';
import {
  castVotes,
  makeBasis,
  makeMixture,
  makeSetEncoder,
  publishMixture,
  publishSetEncoder,
  tasteVote,
} from '../encoder/made-encoder.ts';
import { describeOnHosts, type TestEdge } from '../hosts.ts';
import { startInferenceServer } from '../inference-server.ts';
import { makeAdapter, makeImageAdapter, serveAdapter } from '../made-adapter.ts';

const inference = await startInferenceServer();
afterAll(() => inference.close());
beforeEach(() => inference.reset());

type Json = Record<string, unknown>;

async function setUp(edge: TestEdge, domain: Json = {}) {
  const project = await edge.createProject();
  await project.createDomain(domain);
  const anna = await project.createUserToken('anna');
  const read = (bearer = anna, user = 'anna', of = 'replies') =>
    edge.call('GET', `/v1/users/${user}/route?domain=${of}`, { bearer });
  return { project, anna, read };
}

/** What reached the back end when the person of the token asked, and what the answer said of itself. */
async function askTexts(edge: TestEdge, bearer: string) {
  const body = { model: 'replies', messages: [{ role: 'user', content: 'Where is it?' }] };
  const { status, headers } = await edge.call('POST', '/v1/chat/completions', { bearer, body });
  expect(status).toBe(200);
  return { sent: inference.asked.at(-1), encoder: headers.get('x-prefloop-encoder') };
}

async function askPictures(edge: TestEdge, bearer: string) {
  const body = { model: 'replies', prompt: 'a creature' };
  const answer = await edge.call('POST', '/v1/images/generations', { bearer, body });
  expect(answer.status).toBe(200);
  return { sent: inference.asked.at(-1), personal: answer.body.personal };
}

describeOnHosts(
  'the route of a user',
  (edge) => {
    describe('in texts', () => {
      it('is the base, then the live adapter, as for everybody', async () => {
        const { project, anna, read } = await setUp(edge);
        const first = await read();
        expect(UserRoute.parse(first.body)).toMatchObject({
          ...{ user: 'anna', domain: 'replies', adapter: null, personal: null, encoder: null, votes: 0 },
          because: [
            'No adapter is served in this domain yet: the base answers.',
            expect.stringContaining('no user encoder'),
          ],
        });
        expect((await askTexts(edge, anna)).sent?.model).toBe('base');
        const sha = await serveAdapter(edge, project, await makeAdapter());
        const second = await read();
        expect(second.body).toMatchObject({ adapter: sha, personal: null });
        expect(second.body.because[0]).toContain(sha.slice(0, 8));
        expect((await askTexts(edge, anna)).sent?.model).toBe(sha);
      });

      it('is the mixture that reaches the back end, part by part, before and after a vote', async () => {
        const { project, anna, read } = await setUp(edge);
        const live = await serveAdapter(edge, project, await makeAdapter());
        const basis = await makeBasis(edge, project, 3);
        const mixture = makeMixture(basis);
        const sha = await publishMixture(edge, project, mixture);
        for (const votes of [0, 1]) {
          const { body } = await read();
          const { sent, encoder } = await askTexts(edge, anna);
          expect(body).toMatchObject({ adapter: null, personal: 'mixture', encoder: sha, votes });
          expect([sent?.model, encoder]).toEqual(['mixture', sha]);
          const parts = sent?.mixture as { adapter: string; weight: number }[];
          expect(parts.length).toBeGreaterThan(votes);
          const said = parts.map(({ adapter, weight }) => {
            const name = `trait-${basis.indexOf(adapter)} (${adapter.slice(0, 8)})`;
            return `${weight.toFixed(2).replace('-', '−')} × ${name}`;
          });
          expect(body.because).toContain(`To the base are added ${said.join(', ')}.`);
          // The live adapter answers whoever wants no taste.
          expect(body.because.join(' ')).toContain(live.slice(0, 8));
          const features = [
            [0.1, 1, -1],
            [0, 0, 0],
          ];
          await castVotes(edge, project.admin, [tasteVote('anna', features, {}, String(mixture.space))]);
        }
      });

      it('is everybody’s where a mixture adds nothing, and where the encoder is one for pictures', async () => {
        const still = await setUp(edge);
        const basis = await makeBasis(edge, still.project, 2);
        const prior = {
          mean: [0, 0],
          precision: [
            [1, 0],
            [0, 1],
          ],
        };
        await publishMixture(edge, still.project, makeMixture(basis, { prior }));
        const pictured = await setUp(edge);
        await publishSetEncoder(edge, pictured.project, await makeSetEncoder());
        for (const [{ read, anna }, words] of [
          [still, 'nothing is mixed'],
          [pictured, 'one for pictures'],
        ] as const) {
          const { body } = await read();
          expect(body).toMatchObject({ adapter: null, personal: null, encoder: null, votes: 0 });
          expect(body.because[1]).toContain(words);
          expect((await askTexts(edge, anna)).sent?.model).toBe('base');
        }
      });
    });

    describe('in pictures', () => {
      const drawing = { recipe: { method: 'ppd' } };

      it('is the adapter that is told this person’s taste, with as many votes as it is told of', async () => {
        const { project, anna, read } = await setUp(edge, drawing);
        const encoder = await publishSetEncoder(edge, project, await makeSetEncoder());
        const adapter = await makeImageAdapter(0.25, { encoder, recipe: drawing.recipe });
        const sha = await serveAdapter(edge, project, adapter);
        for (const votes of [0, 1]) {
          const { body } = await read();
          const { sent, personal } = await askPictures(edge, anna);
          expect(body).toMatchObject({ adapter: sha, personal: 'embedding', encoder, votes });
          expect(sent?.model).toBe(sha);
          expect(sent?.user).toHaveLength(2);
          expect(personal).toEqual({ encoder, votes });
          const features = [
            [1, 2, 3, 4],
            [0, 0, 0, 1],
          ];
          await castVotes(edge, project.admin, [tasteVote('anna', features)]);
        }
        // The domain goes on to no encoder: what is served was trained with its own, and is told as before.
        await edge.get('PUT', '/v1/domains/replies/encoder', { bearer: project.admin, body: { encoder: null } });
        const { body } = await read();
        expect(body).toMatchObject({ personal: 'embedding', encoder });
        expect(body.because.join(' ')).toContain('The domain now has no encoder');
        expect((await askPictures(edge, anna)).personal).toMatchObject({ encoder });
      });

      it('is everybody’s where nothing is served, and where what is served knows nobody', async () => {
        const { project, anna, read } = await setUp(edge, drawing);
        expect((await read()).body).toMatchObject({ adapter: null, personal: null, votes: 0 });
        const sha = await serveAdapter(edge, project, await makeImageAdapter(0.75));
        const { body } = await read();
        expect(body).toMatchObject({ adapter: sha, personal: null });
        expect(body.because[1]).toContain('without a user encoder');
        const { sent, personal } = await askPictures(edge, anna);
        expect([sent?.model, sent?.user, personal]).toEqual([sha, undefined, null]);
      });
    });

    it('is shown to its person and to an admin key, and to nobody else', async () => {
      const { project, read, anna } = await setUp(edge);
      const collector = await project.createUserToken('anna', ['collect']);
      for (const bearer of [anna, collector, project.admin]) expect((await read(bearer)).status).toBe(200);
      const ben = await project.createUserToken('ben');
      const key = await project.createKey(['ingest', 'train', 'infer']);
      for (const bearer of [ben, key])
        expect(await read(bearer)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      const other = await edge.createProject();
      expect((await read(other.admin)).status).toBe(404);
    });

    it('is of a domain that exists, and of a person with a pseudonym', async () => {
      const { read } = await setUp(edge);
      expect(await read(undefined, 'anna', 'nowhere')).toMatchObject({ status: 404, body: { code: 'not_found' } });
      expect(await read(undefined, 'anna', '')).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
      expect((await read(undefined, 'a%20b')).status).toBe(400);
    });
  },
  { INFERENCE_URL: inference.url },
);
