import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Client, createClient } from '../../../shared/client/client.ts';
import type { AdapterFileName } from '../../../shared/contracts/adapter.ts';
import type { Lease } from '../../../shared/contracts/batch.ts';
import { toPreferenceInput } from '../../../shared/formats/preference-rows.ts';
import { adapterConfig, loraTensors, MODULES, safetensorsFile } from '../../worker/adapter-files/safetensors-file.ts';
import { describeOnHosts, type TestEdge } from '../../worker/hosts.ts';
import { readLines, runHere } from './run-prefloop.ts';

const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex');
const runner = { baseModel: 'tiny', runner: 'test' };

async function setUp(edge: TestEdge, domain: Record<string, unknown>) {
  const project = await edge.createProject();
  await project.createDomain({ id: 'tone', holdOut: 0, maxWaitSeconds: 0, ...domain });
  const client = createClient({ edge: edge.url, token: project.admin });
  const run = (...args: string[]) => runHere(...args, '--edge', edge.url, '--key', project.admin);
  return { client, run };
}

async function vote(client: Client, from: number, n: number): Promise<void> {
  const rows = Array.from({ length: n }, (_, i) => ({
    prompt: { text: `${from + i}?` },
    chosen: 'yes',
    rejected: 'no',
  }));
  await client.createPreferences(await Promise.all(rows.map((row) => toPreferenceInput(row, 'tone'))));
}

async function lease(client: Client): Promise<Lease> {
  const found = await client.leaseBatch(runner);
  if (!found) throw new Error('nothing to lease');
  return found;
}

/** Does what a runner does with a batch, without the training. */
async function learn(client: Client, seed: number): Promise<string> {
  const { batch, fence, parent, baseModel, recipe } = await lease(client);
  await client.renewLease(batch, fence);
  const contents: [AdapterFileName, Uint8Array<ArrayBuffer>][] = [
    ['adapter_config.json', adapterConfig()],
    ['adapter_model.safetensors', safetensorsFile(loraTensors(MODULES, { seed }))],
  ];
  const files = contents.map(([name, bytes]) => ({ name, sha256: sha256(bytes), bytes: bytes.length }));
  for (const [name, bytes] of contents) await client.uploadAdapterFile(sha256(bytes), name, bytes);
  const sha = sha256(files.map((file) => `${file.sha256}  ${file.name}\n`).join(''));
  const gate = {
    name: 'accuracy',
    value: 0.9,
    low: 0.8,
    high: 1,
    n: 9,
    bound: null,
    passed: true,
    reason: null,
  } as const;
  const adapter = {
    sha,
    parent,
    baseModel,
    baseFingerprint: 'f'.repeat(64),
    recipe: { ...recipe, rank: 4, loraAlpha: 8 },
    files,
    gates: [gate],
  };
  const completed = await client.completeBatch(batch, { fence, adapter });
  expect(completed).toMatchObject({ live: true, replayed: false });
  return sha;
}

describeOnHosts('adapters, from the command line', (edge) => {
  it('are listed, shown, downloaded byte for byte, promoted and rolled back', async () => {
    const { client, run } = await setUp(edge, { batchSize: 2, recipe: { method: 'dpo', rank: 4, loraAlpha: 8 } });
    expect((await run('adapters', 'list')).stdout).toBe('no adapters\n');
    await vote(client, 0, 2);
    const first = await learn(client, 1);
    await vote(client, 2, 2);
    const second = await learn(client, 2);

    const list = (await run('adapters', 'list', '--domain', 'tone')).stdout.trim().split('\n');
    expect(list[0]).toMatch(/^adapter +domain +stage +votes +gates +parent +created$/);
    expect(list[1]).toMatch(new RegExp(`^${second.slice(0, 12)} +tone +live +2 +passed +${first.slice(0, 12)} +20`));
    expect(readLines((await run('adapters', 'list', '--limit', '1', '--json')).stdout)).toMatchObject([
      { sha: second },
    ]);
    expect((await run('adapters', 'list', '--limit', '1001')).code).toBe(2);
    expect(list[2]).toMatch(new RegExp(`^${first.slice(0, 12)} +tone +retired +2 +passed +base +20`));
    expect(JSON.parse((await run('adapters', 'show', second.slice(0, 10), '--json')).stdout)).toMatchObject({
      sha: second,
      parent: first,
    });
    expect((await run('adapters', 'show', second.slice(0, 10))).stdout).toMatch(/\nrecipe\.rank +4\n/);
    expect(await run('adapters', 'show', '000000')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no adapter begins with 000000'),
    });

    const folder = join(await mkdtemp(join(tmpdir(), 'prefloop-adapter-')), 'peft');
    const downloaded = await run('adapters', 'download', second, '--out', folder);
    expect([downloaded.code, downloaded.stdout]).toEqual([0, `${folder}\n`]);
    const names = (await readdir(folder)).sort();
    expect(names).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    const lines = await Promise.all(
      names.map(async (name) => `${sha256(await readFile(join(folder, name)))}  ${name}\n`),
    );
    expect(sha256(lines.join(''))).toBe(second);
    await rm(join(folder, '..'), { recursive: true });

    expect((await run('rollback', 'tone', '--note', 'too blunt')).stdout).toBe(
      `tone is served by ${first.slice(0, 12)} now, before by ${second.slice(0, 12)}\n`,
    );
    expect((await run('promote', 'tone', second.slice(0, 12))).stdout).toContain(
      `served by ${second.slice(0, 12)} now`,
    );
    const rewound = JSON.parse((await run('rollback', 'tone', '--to', first, '--rewind', '--json')).stdout);
    expect(rewound).toMatchObject({ action: 'rollback', to: first, freed: 2 });
    expect((await run('rollback', 'tone', '--to', 'base')).stdout).toContain('served by base now');
    const moves = (await run('moves', 'tone')).stdout.trim().split('\n');
    expect(moves[0]).toMatch(/^at +action +from +to +by +freed +note$/);
    expect(moves[1]).toMatch(new RegExp(`rollback +${first.slice(0, 12)} +base `));
    expect(readLines((await run('moves', 'tone', '--json')).stdout)[1]).toMatchObject({ to: first, freed: 2 });
    expect((await run('moves', 'tone', '--limit', '1')).stdout.trim().split('\n')).toHaveLength(2);
    expect((await client.listMoves('tone')).items.map(({ note }) => note)).toContain('too blunt');
  });

  it('stats and batches say how the training goes; a quarantined batch is given back', async () => {
    const { client, run } = await setUp(edge, { batchSize: 2, maxAttempts: 1 });
    await vote(client, 0, 3);
    const { batch, fence, examples } = await lease(client);
    expect(examples).toHaveLength(2);
    await client.failBatch(batch, { fence, reason: 'out of memory' });

    const quarantined = (await run('batches', 'list', '--domain', 'tone', '--state', 'quarantined')).stdout;
    expect(quarantined).toMatch(new RegExp(`${batch} +tone +quarantined +2 +1 .+ out of memory\n$`));
    const stats = (await run('stats', 'tone')).stdout;
    expect(stats).toMatch(/waiting +1\n/);
    expect(stats).toMatch(/quarantined +2\n/);
    expect(JSON.parse((await run('stats', 'tone', '--json')).stdout).batches).toMatchObject({
      quarantined: 1,
      ready: 0,
    });

    expect((await run('batches', 'requeue', batch)).stdout).toBe(`${batch} is ready\n`);
    expect((await lease(client)).batch).toBe(batch);
    expect(await run('batches', 'requeue', batch)).toMatchObject({ code: 1, stdout: '' });
    expect((await run('batches', 'list', '--state', 'completed')).stdout).toBe('no batches\n');
  });
});
