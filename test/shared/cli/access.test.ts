import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeOnHosts, type TestEdge } from '../../worker/hosts.ts';
import { readLines, runHere } from './run-prefloop.ts';

async function setUp(edge: TestEdge) {
  const project = await edge.createProject();
  const as = (key: string, ...args: string[]) => runHere(...args, '--edge', edge.url, '--key', key);
  return { project, as, run: (...args: string[]) => as(project.admin, ...args) };
}

describeOnHosts('access, from the command line', (edge) => {
  it('a project is changed, only in what is said', async () => {
    const { run } = await setUp(edge);
    const patch = async (...args: string[]) => JSON.parse((await run('projects', 'patch', ...args, '--json')).stdout);
    expect(await patch('--name', 'Shop', '--assignment', 'optional')).toMatchObject({
      name: 'Shop',
      requireAssignment: false,
      allowedOrigins: [],
    });
    const origins = ['https://a.example', 'https://b.example'];
    expect(await patch('--origins', origins.join(','))).toMatchObject({ name: 'Shop', allowedOrigins: origins });
    expect(await patch('--no-origins', '--assignment', 'required')).toMatchObject({
      allowedOrigins: [],
      requireAssignment: true,
    });
    expect((await run('projects', 'show')).stdout).toMatch(/^name +Shop\n(.*\n)*allowedOrigins +none\n/m);
    expect(await run('projects', 'patch')).toMatchObject({ code: 2, stderr: expect.stringContaining('nothing to') });
    expect((await run('projects', 'patch', '--origins', 'https://a.example', '--no-origins')).code).toBe(2);
    expect((await run('projects', 'patch', '--origins', 'a.example')).stderr).toContain('must be an origin');
  });

  it('signing keys: a secret is made and printed once, one of your own never', async () => {
    const { run } = await setUp(edge);
    const made = (await run('signing-keys', 'create', 'one')).stdout.trim();
    expect(Buffer.from(made, 'base64url')).toHaveLength(32);
    const { key, secret } = JSON.parse((await run('signing-keys', 'create', 'two', '--json')).stdout);
    expect([key.kid, key.algorithm, secret.length]).toEqual(['two', 'HS256', 43]);

    const folder = await mkdtemp(join(tmpdir(), 'prefloop-secret-'));
    const own = 'a secret of my own, long enough for this';
    await writeFile(join(folder, 'secret'), `${own}\n`);
    const given = await run('signing-keys', 'create', 'three', '--secret-file', join(folder, 'secret'), '--json');
    expect(JSON.parse(given.stdout)).toMatchObject({ kid: 'three', algorithm: 'HS256' });
    await rm(folder, { recursive: true });
    const publicKey = Buffer.alloc(32, 9).toString('base64url');
    const registered = await run('signing-keys', 'create', 'four', '--public-key', publicKey, '--json');
    expect(JSON.parse(registered.stdout)).toMatchObject({ kid: 'four', algorithm: 'EdDSA' });
    const both = await run('signing-keys', 'create', 'x', '--public-key', publicKey, '--secret-file', 'f');
    expect([both.code, both.stdout]).toEqual([2, '']);

    expect((await run('signing-keys', 'revoke', 'one')).stdout).toBe('revoked one\n');
    const listed = await run('signing-keys', 'list', '--json');
    const revoked = readLines(listed.stdout).map(({ kid, revokedAt }) => [kid, revokedAt !== null]);
    expect(revoked.sort()).toEqual([
      ['four', false],
      ['one', true],
      ['three', false],
      ['two', false],
    ]);
    const table = await run('signing-keys', 'list');
    for (const known of [made, secret, own, publicKey])
      expect(given.stdout + listed.stdout + table.stdout).not.toContain(known);
  });

  it('a user token does what its scopes say, for as long as was said', async () => {
    const { run, as, project } = await setUp(edge);
    await project.createDomain();
    const minted = await run('user-tokens', 'create', 'anna', '--scopes', 'collect', '--seconds', '600', '--json');
    const { token, expiresAt } = JSON.parse(minted.stdout);
    expect(minted.stderr).toBe('');
    expect(Math.abs(expiresAt - Date.now() - 600_000)).toBeLessThan(60_000);
    expect(await as(token, 'models')).toMatchObject({ code: 1, stderr: expect.stringContaining('[forbidden]') });
    const said = await run('user-tokens', 'create', 'anna');
    expect(said.stderr).toMatch(/^it ends \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n$/);
    expect((await as(said.stdout.trim(), 'models')).stdout).toBe('replies\n');
    expect(await run('user-tokens', 'create', 'anna', '--seconds', '5')).toMatchObject({ code: 2, stdout: '' });
    const collector = await project.createKey(['ingest']);
    const refused = await as(collector, 'user-tokens', 'create', 'anna', '--scopes', 'infer');
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('cannot grant infer') });
  });

  it('with --json a failure is one line of JSON, of the edge or of the command line', async () => {
    const { run, as } = await setUp(edge);
    const failure = async (ended: ReturnType<typeof run>) => {
      const { code, stdout, stderr } = await ended;
      expect(stdout).toBe('');
      expect(stderr.trim().split('\n')).toHaveLength(1);
      return { ended: code, ...JSON.parse(stderr) };
    };
    expect(await failure(run('domains', 'show', 'nowhere', '--json'))).toEqual({
      ended: 1,
      code: 'not_found',
      message: expect.stringMatching(/\w/),
      requestId: expect.stringMatching(/\w/),
    });
    const wrong = await failure(
      run('domains', 'create', 'tone', '--base-model', 'tiny', '--set', 'batchSize=0', '--json'),
    );
    expect(wrong).toMatchObject({ code: 'invalid_request', issues: [{ path: 'batchSize' }] });
    const refused = await failure(as('sk_nobody', 'keys', 'list', '--json'));
    expect(refused).toMatchObject({ ended: 1, code: 'unauthorized' });
    expect(JSON.stringify(refused)).not.toContain('sk_nobody');
    expect(await failure(run('stats', '--json'))).toMatchObject({ ended: 2, code: 'usage', requestId: null });
    expect(await failure(run('statz', '--json'))).toMatchObject({
      ended: 2,
      message: expect.stringContaining('stats'),
    });
    expect(await failure(run('images', 'upload', 'no-such-file.png', '--json'))).toMatchObject({
      ended: 1,
      code: 'failed',
    });
  });
});
