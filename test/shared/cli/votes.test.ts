import { expect, it } from 'vitest';
import { DomainLive } from '../../../shared/contracts/console.ts';
import {
  castVotes,
  makeBasis,
  makeMixture,
  makeSetEncoder,
  publishMixture,
  publishSetEncoder,
  tasteVote,
} from '../../worker/encoder/made-encoder.ts';
import { describeOnHosts, type TestEdge } from '../../worker/hosts.ts';
import { importedVote, importedVotes } from '../../worker/votes.ts';
import { readLines, runHere, startPrefloop } from './run-prefloop.ts';

async function setUp(edge: TestEdge, domain: Record<string, unknown> = {}) {
  const project = await edge.createProject();
  await project.createDomain({ holdOut: 0, ...domain });
  const connection = ['--edge', edge.url, '--key', project.admin];
  const cast = (...votes: unknown[]) => castVotes(edge, project.admin, votes);
  return { project, connection, cast, run: (...args: string[]) => runHere(...args, ...connection) };
}

describeOnHosts('votes and tastes, from the command line', (edge) => {
  it('votes are listed by domain, person and status, and shown one by one', async () => {
    const { run, cast, project } = await setUp(edge);
    await project.createDomain({ id: 'other', holdOut: 0 });
    const [first] = importedVotes(1, { user: 'anna', reason: 'shorter\n\u001b[2J' });
    await cast(first, importedVote(1, { user: 'ben', choice: { type: 'skip' } }), importedVote(2, { user: 'anna' }));
    const elsewhere = importedVote(3);
    await cast({ ...elsewhere, comparison: { ...elsewhere.comparison, domain: 'other' } });

    const list = async (...args: string[]) =>
      readLines((await run('preferences', 'list', ...args, '--json')).stdout).map(({ user, status }) => [user, status]);
    const [anna, ben] = [
      ['anna', 'waiting'],
      ['ben', 'notTrainable'],
    ];
    expect(await list('--domain', 'replies')).toEqual([anna, ben, anna]);
    expect(await list()).toHaveLength(4);
    expect(await list('--domain', 'replies', '--user', 'anna')).toEqual([anna, anna]);
    expect(await list('--domain', 'replies', '--user', 'anna', '--limit', '1')).toEqual([anna]);
    expect(await run('preferences', 'list', '--user', 'anna')).toMatchObject({ code: 2, stdout: '' });
    expect(await list('--domain', 'replies', '--status', 'notTrainable,consumed')).toEqual([ben]);
    expect(await list('--domain', 'replies', '--limit', '2')).toEqual([anna, ben]);
    const seqs = readLines((await run('preferences', 'list', '--json')).stdout).map(({ seq }) => seq);
    expect(await list('--after', String(seqs[1]))).toHaveLength(2);
    expect((await run('preferences', 'list', '--status', 'lost')).code).toBe(2);

    const table = (await run('preferences', 'list', '--domain', 'replies')).stdout.trim().split('\n');
    expect(table[0]).toMatch(/^seq +id +domain +user +said +status +at +asked$/);
    expect(table[2]).toMatch(/ben +skip +notTrainable: skip +\S+ \S+ +Question 1\?$/);
    expect((await run('preferences', 'list', '--domain', 'other', '--user', 'nobody')).stdout).toBe('no votes\n');

    const shown = (await run('preferences', 'show', String(first?.id))).stdout;
    expect(shown).toMatch(/^replies, anna, \d/);
    expect(shown).toMatch(/\nstatus +waiting\nasked +Question 0\?\nsaid +pair\nbecause +shorter \[2J\n/);
    expect(shown).toMatch(/\(chosen\) +\S+ +A good answer to 0\.\n/);
    expect(JSON.parse((await run('preferences', 'show', String(first?.id), '--json')).stdout)).toMatchObject({
      id: first?.id,
      status: 'waiting',
    });
  });

  it('a batch is shown with its members', async () => {
    const { run, cast, project } = await setUp(edge, { batchSize: 2 });
    await cast(...importedVotes(2));
    const lease = { baseModel: 'tiny', runner: 'test' };
    const { batch } = await edge.get('POST', '/v1/batches/lease', { bearer: project.admin, body: lease });
    const shown = (await run('batches', 'show', batch)).stdout;
    expect(shown).toMatch(new RegExp(`^id +${batch}\ndomain +replies\nstate +leased\n`));
    expect(JSON.parse((await run('batches', 'show', batch, '--json')).stdout).preferences).toHaveLength(2);
  });

  it('a mixture’s weights are shown by name, a set encoder’s numbers by token', async () => {
    const { run, cast, project } = await setUp(edge);
    const vote = (user: string) =>
      tasteVote(user, [
        [1, 2, 3, 4],
        [4, 3, 2, 1],
      ]);
    const set = await publishSetEncoder(edge, project, await makeSetEncoder());
    await cast(vote('anna'), tasteVote('anna', [null, null]));
    const shown = (await run('embeddings', 'show', 'replies', 'anna')).stdout;
    expect(shown).toMatch(new RegExp(`^anna in replies: from 1 vote\nencoder ${set.slice(0, 12)}, .*\n`));
    expect(shown).toMatch(/votes that say nothing: 1 noFeatures\n2 × 3 numbers; uncertainty \d/);
    expect(shown).toMatch(/\ntoken +length +values\n0 +(\S+ *){4}\n1 +(\S+ *){4}\n$/);
    const json = JSON.parse((await run('embeddings', 'show', 'replies', 'anna', '--json')).stdout);
    expect([json.kind, json.values.length]).toEqual(['set', 6]);

    await publishMixture(edge, project, makeMixture(await makeBasis(edge, project, 2)));
    const weights = (await run('embeddings', 'show', 'replies', 'ben')).stdout;
    expect(weights).toMatch(/^ben in replies: no votes yet, so what is known of everybody\n/);
    // The prior of the mixture, times its strength of one half.
    expect(weights).toMatch(/\ntrait-0 +0\.100 +0\.500\ntrait-1 +0\.000 +0\.500\n$/);
    const routed = (await run('route', 'replies', 'ben')).stdout;
    expect(routed).toMatch(/^ben is answered in replies by the base, .*\n(taste from 0 votes, .*\n)?(- .+\n)+$/);
    expect(JSON.parse((await run('route', 'replies', 'ben', '--json')).stdout)).toMatchObject({ user: 'ben' });
    const key = await project.createKey(['infer']);
    const refused = await runHere('embeddings', 'show', 'replies', 'anna', '--edge', edge.url, '--key', key);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
  });

  it('a domain is watched: what comes in is told, and Ctrl-C ends it', async () => {
    const { run, cast, connection } = await setUp(edge, { batchSize: 3 });
    expect((await run('watch', 'replies', '--updates', '1')).stdout).toMatch(
      /^replies at .* UTC\n0 votes in this minute, 0 in the one before, 0 in an hour\n▁{60}\n0 votes wait \(a batch is 3\).*\nbatches: 0 ready.*\nno adapter yet.*\nnothing asks for you\n\n$/,
    );
    const [live] = readLines((await run('watch', 'replies', '--updates', '1', '--json')).stdout);
    expect(DomainLive.parse(live).preferences.waiting).toBe(0);
    const watch = startPrefloop(['watch', 'replies', ...connection]);
    await expect.poll(() => watch.written().stdout).toContain('nothing asks for you');
    await cast(...importedVotes(2));
    await expect.poll(() => watch.written().stdout).toContain('2 votes wait');
    expect(watch.written().stdout).toMatch(/2 in an hour\n▁{58}[▁█]{2}\n/);
    watch.kill('SIGINT');
    expect(await watch.ended).toMatchObject({ code: 130, stderr: '' });
    expect(await run('watch', 'nowhere')).toMatchObject({ code: 1, stderr: expect.stringContaining('[not_found]') });
  });
});
