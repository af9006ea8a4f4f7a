import { expect, it } from 'vitest';
import { RaterReport } from '../../../shared/contracts/rater.ts';
import { uuidv7 } from '../../../shared/math/uuidv7.ts';
import { describeOnHosts } from '../hosts.ts';
import { importedVotes, textCandidate } from '../votes.ts';

type Json = Record<string, unknown>;

describeOnHosts('raters', (edge) => {
  async function setUp(domain: Json = {}) {
    const project = await edge.createProject();
    await project.createDomain(domain);
    const send = (items: Json[]) =>
      edge.get('POST', '/v1/preferences/bulk', { bearer: project.admin, body: { items } });
    const report = async () =>
      RaterReport.parse(await edge.get('GET', '/v1/domains/replies/raters', { bearer: project.admin }));
    return { project, send, report };
  }

  it('tell whether people agree on what several judged, also on what is held out', async () => {
    const { send, report } = await setUp({ holdOut: 0.5 });
    const votes = importedVotes(12);
    for (const user of ['ann', 'ben']) await send(votes.map((vote) => ({ ...vote, id: uuidv7(), user })));
    await send(votes.slice(0, 3).map((vote) => ({ ...vote, id: uuidv7() })));
    const found = await report();
    expect(found).toMatchObject({ domain: 'replies', window: 2000, votes: 27, people: 2, judgedTwice: 12, alpha: 1 });
    expect(found.position).toBeNull();
    expect(found.raters).toMatchObject([
      { user: 'ann', votes: 12, checked: 12, medianLatencyMs: null, suspicions: [] },
      { user: 'ben', votes: 12, checked: 12 },
    ]);
  });

  it('show places, times and which model made what was preferred; a replaced vote is none, nor is a tie', async () => {
    const { project, send, report } = await setUp();
    const sha = 'a'.repeat(64);
    const deal = async (n: number) =>
      edge.get('POST', '/v1/comparisons', {
        bearer: project.admin,
        body: {
          domain: 'replies',
          prompt: { text: `Question ${n}?` },
          candidates: [
            { ...textCandidate(`Adapted ${n}.`), origin: { role: 'live', adapter: sha } },
            { ...textCandidate(`Plain ${n}.`), origin: { role: 'base' } },
          ],
        },
      });
    const votes = [];
    for (let n = 0; n < 6; n++) {
      const { id: comparison, candidates } = await deal(n);
      const wanted = n < 4 ? 'Adapted' : 'Plain';
      const { id: chosen, position } = candidates.find((one: { content: { text: string } }) =>
        one.content.text.startsWith(wanted),
      );
      const choice = { type: 'pair', chosen, position };
      votes.push({ id: uuidv7(), comparison, user: 'ann', latencyMs: 1000 * (n + 1), choice });
    }
    await send(votes);
    await send([
      { ...votes[5], id: uuidv7(), choice: { type: 'tie' }, supersedes: votes[5]?.id },
      { ...votes[0], id: uuidv7(), user: 'ben', choice: { type: 'tie' } },
    ]);
    const { raters, models, votes: counted, position } = await report();
    expect(counted).toBe(5);
    expect(raters).toMatchObject([{ user: 'ann', votes: 5, checked: 0, informedness: null, medianLatencyMs: 3000 }]);
    expect(position?.n).toBe(5);
    expect(models).toMatchObject([
      { adapter: sha, n: 5 },
      { adapter: null, n: 5 },
    ]);
    expect(models[0]?.strength).toBeCloseTo(Math.log(4) / 2, 2);
  });

  it('tell long outputs apart, and know them again', async () => {
    const { send, report } = await setUp();
    const long = (middle: string) => `${'Begin. '.repeat(100)}${middle}${' End.'.repeat(150)}`;
    const on = (user: string, other: string) => {
      const candidates = [textCandidate(long('')), textCandidate(long(other))];
      const comparison = { domain: 'replies', prompt: { text: 'Long?' }, candidates };
      return { id: uuidv7(), user, comparison, choice: { type: 'pair', chosen: candidates[0]?.id } };
    };
    await send([on('ann', 'In the middle.'), on('ben', 'In the middle.'), on('cem', 'Elsewhere in the middle.')]);
    expect(await report()).toMatchObject({ votes: 3, people: 3, judgedTwice: 1 });
  });

  it('are made anew when a vote comes, and when one is replaced', async () => {
    const { send, report } = await setUp();
    const votes = importedVotes(3, { user: 'ann' });
    await send(votes.slice(0, 2));
    const first = await report();
    expect(await report()).toEqual(first);
    await send(votes.slice(2));
    expect((await report()).votes).toBe(3);
    const [replaced] = votes;
    await send([{ ...replaced, id: uuidv7(), choice: { type: 'tie' }, supersedes: replaced?.id }]);
    expect((await report()).votes).toBe(2);
  });

  it('say nothing of a domain without votes, and are not for pages or for those who only ask', async () => {
    const { project, report } = await setUp();
    expect(await report()).toMatchObject({ votes: 0, people: 0, alpha: null, position: null, raters: [], models: [] });
    const get = async (bearer: string, domain = 'replies') =>
      (await edge.call('GET', `/v1/domains/${domain}/raters`, { bearer })).status;
    expect(await get(await project.createKey(['infer']))).toBe(403);
    expect(await get(await project.createUserToken('ann'))).toBe(403);
    expect(await get(await project.createKey(['ingest']))).toBe(200);
    expect(await get(project.admin, 'nowhere')).toBe(404);
    const stranger = await edge.createProject();
    expect(await get(stranger.admin)).toBe(404);
  });
});
