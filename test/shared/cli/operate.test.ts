import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, test } from 'vitest';
import { commands } from '../../../shared/cli/program.ts';
import { createClient } from '../../../shared/client/client.ts';
import type { PreferenceInput } from '../../../shared/contracts/preference.ts';
import { describeOnHosts, ROOT_KEY } from '../../worker/hosts.ts';
import { importedVotes } from '../../worker/votes.ts';
import { readLines, runHere, runPrefloop } from './run-prefloop.ts';

test('every command explains itself, and the list of commands names each', async () => {
  const all = await runHere('--help');
  expect(commands.length).toBeGreaterThan(15);
  for (const { name, summary } of commands) {
    expect(all.stdout).toContain(`  ${name}  `);
    const help = await runHere(...name.split(' ').slice(1), '--help');
    expect([help.code, help.stderr]).toEqual([0, '']);
    expect(help.stdout.startsWith(`${name} `)).toBe(true);
    expect(help.stdout).toContain(summary);
  }
});

test('wrong usage ends with 2 and one sentence', async () => {
  for (const [args, sentence] of [
    [['nonsense'], 'no command "nonsense"; see'],
    [['domain', 'list'], 'no command "domain" (did you mean domains?)'],
    [['keys', 'nonsense'], 'keys takes one of create, list, revoke; see'],
    [['keys', 'lsit'], 'keys takes one of create, list, revoke (did you mean list?)'],
    [['stats', 'tone', '--jsno'], "unknown option '--jsno' (did you mean --json?)"],
    [['completion', 'tcsh'], 'SHELL must be one of bash, zsh, fish, not "tcsh"'],
    [['stats'], 'DOMAIN is missing'],
    [['stats', 'tone'], 'which edge? Give --edge URL or set PREFLOOP_EDGE'],
    [['stats', 'tone', '--edge', 'localhost:8787'], 'must begin with http:// or https://'],
    [['stats', 'tone', '--edge', 'http://localhost:8787'], 'with which key? Give --key KEY or set PREFLOOP_KEY'],
    [['domains', 'patch', 'tone', '--edge', 'http://x', '--key', 'k', '--set', 'batchSize'], '--set takes PATH=VALUE'],
    [['keys', 'create', 'n', '--edge', 'http://x', '--key', 'k'], 'give either --scopes or --public'],
    [['adapters', 'show', 'zz', '--edge', 'http://x', '--key', 'k'], '6 to 64 hex digits'],
  ] as const) {
    const ended = await runHere(...args);
    expect([ended.code, ended.stdout]).toEqual([2, '']);
    expect(ended.stderr).toContain(sentence);
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
  }
});

test('the program ends with the exit code of its command', async () => {
  expect(await runPrefloop(['--version'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
  expect(await runPrefloop(['nonsense'])).toMatchObject({ code: 2, stdout: '' });
});

describeOnHosts('the operator’s commands', (edge) => {
  it('a project, its keys and its domains, from nothing', async () => {
    const id = `p-${crypto.randomUUID().slice(0, 8)}`;
    const as = (key: string, ...args: string[]) => runHere(...args, '--edge', edge.url, '--key', key);

    const created = await as(
      ROOT_KEY,
      'projects',
      'create',
      id,
      '--origins',
      'https://a.example',
      '--without-assignment',
    );
    expect([created.code, created.stderr]).toEqual([0, '']);
    const admin = created.stdout.trim();
    const project = JSON.parse((await as(admin, 'projects', 'show', '--json')).stdout);
    expect(project).toMatchObject({ id, allowedOrigins: ['https://a.example'], requireAssignment: false });
    expect(await as(ROOT_KEY, 'projects', 'create', id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[already_exists]'),
    });

    const reader = (await as(admin, 'keys', 'create', 'reader', '--scopes', 'train,infer')).stdout.trim();
    expect(reader).toMatch(/^sk_/);
    expect((await as(admin, 'keys', 'create', 'page', '--public')).stdout).toMatch(/^pk_/);
    const keys = readLines((await as(admin, 'keys', 'list', '--json')).stdout);
    expect(keys.map(({ name }) => name).sort()).toEqual(expect.arrayContaining(['page', 'reader']));

    const folder = await mkdtemp(join(tmpdir(), 'prefloop-domain-'));
    const file = join(folder, 'domain.json');
    await writeFile(file, JSON.stringify({ batchSize: 8, recipe: { method: 'ofs-dpo', epochs: 2 } }));
    const settings = [
      '--json',
      '--file',
      file,
      '--set',
      'recipe.learningRate=0.002',
      '--set',
      'system=Be kind, = brief.',
    ];
    const domain = await as(admin, 'domains', 'create', 'tone', '--base-model', 'tiny', ...settings);
    expect(domain.code).toBe(0);
    expect(JSON.parse(domain.stdout)).toMatchObject({
      id: 'tone',
      batchSize: 8,
      system: 'Be kind, = brief.',
      recipe: { method: 'ofs-dpo', epochs: 2, learningRate: 0.002 },
    });
    await rm(folder, { recursive: true });

    expect((await as(reader, 'domains', 'list')).stdout).toMatch(
      /^id +base +method +head +live\ntone +tiny +ofs-dpo +base +base\n$/,
    );
    expect(await as(reader, 'domains', 'patch', 'tone', '--set', 'batchSize=9')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[forbidden]'),
    });
    expect(
      JSON.parse((await as(admin, 'domains', 'patch', 'tone', '--set', 'batchSize=9', '--json')).stdout).batchSize,
    ).toBe(9);
    const wrong = await as(admin, 'domains', 'patch', 'tone', '--set', 'batchSize=0', '--set', 'colour=red');
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toMatch(/batchSize.*\[invalid_request\] \(request .+\)\n$/);
    expect(JSON.parse((await as(reader, 'domains', 'show', 'tone', '--json')).stdout).batchSize).toBe(9);

    const weighed = await as(
      admin,
      'domains',
      'create',
      'replies',
      '--base-model',
      'tiny',
      '--rater-weights',
      'reliability',
      '--json',
    );
    expect(JSON.parse(weighed.stdout).raterWeights).toBe('reliability');
    const patched = await as(admin, 'domains', 'patch', 'replies', '--rater-weights', 'off', '--json');
    expect(JSON.parse(patched.stdout).raterWeights).toBe('off');
    expect(await as(admin, 'domains', 'patch', 'replies', '--rater-weights', 'some')).toMatchObject({ code: 2 });
    const votes = ['ann', 'ben'].flatMap((user) => importedVotes(3, { user }));
    await createClient({ edge: edge.url, token: admin }).createPreferences(votes as PreferenceInput[]);
    const said = await as(admin, 'raters', 'replies', '--top', '1');
    expect([said.code, said.stdout.split('\n').slice(0, 3)]).toEqual([
      0,
      [
        '6 votes of 2 people',
        'agreement on 3 pairs that several judged: α = 1.00 (-0.42 to 1.00; 1 all agree, 0 chance)',
        'no vote says where its choice was shown',
      ],
    ]);
    expect(said.stdout).toMatch(/\nann +3 +3 +0\.\d\d +- +- *\n$/);
    expect(JSON.parse((await as(admin, 'raters', 'replies', '--json')).stdout)).toMatchObject({ people: 2, alpha: 1 });
    expect(await as(admin, 'raters', 'nowhere')).toMatchObject({ code: 1, stdout: '' });

    const readerId = keys.find(({ name }) => name === 'reader')?.id;
    expect((await as(admin, 'keys', 'revoke', readerId)).stdout).toBe(`revoked ${readerId}\n`);
    expect(await as(reader, 'domains', 'list')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[unauthorized]'),
    });
  }, 60_000);
});
