import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createClient } from '../../../shared/client/client.ts';
import { castVotes, makeBasis, makeMixture, makeSetEncoder, tasteVote } from '../../worker/encoder/made-encoder.ts';
import { describeOnHosts, type TestEdge } from '../../worker/hosts.ts';
import { runHere } from './run-prefloop.ts';

async function setUp(edge: TestEdge) {
  const project = await edge.createProject();
  await project.createDomain();
  const client = createClient({ edge: edge.url, token: project.admin });
  const run = (...args: string[]) => runHere(...args, '--edge', edge.url, '--key', project.admin);
  return { project, client, run, folder: await mkdtemp(join(tmpdir(), 'prefloop-encoder-')) };
}

describeOnHosts('encoders, from the command line', (edge) => {
  it('are published from a folder, listed and chosen', async () => {
    const { project, client, run, folder } = await setUp(edge);
    expect((await run('encoders', 'list')).stdout).toBe('no encoders\n');
    const { input, files } = await makeSetEncoder();
    const sha = String(input.sha);
    for (const { name, bytes } of files) await writeFile(join(folder, name), bytes);
    const { sha: _, files: __, domain: ___, ...said } = input;
    await writeFile(join(folder, 'encoder.json'), JSON.stringify(said));
    const published = await run('encoders', 'publish', folder, '--domain', 'replies', '--use');
    expect(published).toEqual({
      code: 0,
      stderr: '',
      stdout: `replies has the encoder ${sha.slice(0, 12)} and uses it\n`,
    });
    expect((await client.getDomain('replies')).encoder).toBe(sha);
    expect((await client.getEncoder(sha)).encoder).toMatchObject(input);
    const file = await client.downloadEncoderFile(sha, 'encoder.onnx');
    expect(new Uint8Array(await new Response(file as never).arrayBuffer())).toEqual(
      new Uint8Array(files[0]?.bytes ?? []),
    );

    const again = join(folder, 'again');
    expect((await run('encoders', 'download', sha.slice(0, 8), '--out', again)).stdout).toBe(`${again}\n`);
    expect((await readdir(again)).sort()).toEqual(['encoder.json', 'encoder.onnx', 'encoder.safetensors']);
    expect((await run('encoders', 'publish', again)).stdout).toContain('which was there before');
    expect((await run('encoders', 'show', sha.slice(0, 8))).stdout).toMatch(
      /\nencoder\.kind +set\nencoder\.metrics +none\n/,
    );
    expect(JSON.parse((await run('encoders', 'show', sha, '--json')).stdout).encoder).toMatchObject(input);

    const { stdout } = await run('encoders', 'list', '--domain', 'replies');
    expect(stdout).toMatch(new RegExp(`${sha.slice(0, 12)}.*set.*4.*2 × 3.*yes`));
    expect((await run('encoders', 'use', 'replies', 'none')).stdout).toBe('replies has no encoder now\n');
    expect((await run('encoders', 'publish', folder, '--domain', 'replies')).stdout).toContain(
      'which was there before',
    );
    expect((await run('encoders', 'use', 'replies', sha.slice(0, 8))).code).toBe(0);
    await castVotes(edge, project.admin, [
      tasteVote('anna', [
        [1, 2, 3, 4],
        [4, 3, 2, 1],
      ]),
    ]);
    expect(await client.getEmbedding('anna', 'replies')).toMatchObject({ encoder: sha, votes: 1 });
    await rm(folder, { recursive: true });
  });

  it('may be mixtures, of which there is nothing but encoder.json', async () => {
    const { project, client, run, folder } = await setUp(edge);
    const { sha, ...said } = makeMixture(await makeBasis(edge, project, 2));
    await writeFile(join(folder, 'encoder.json'), JSON.stringify({ ...said, metrics: { accuracy: 0.7 } }));
    expect((await run('encoders', 'publish', folder, '--use')).code).toBe(0);
    expect((await client.getDomain('replies')).encoder).toBe(sha);
    const again = join(folder, 'again');
    expect((await run('encoders', 'download', String(sha), '--out', again)).code).toBe(0);
    expect((await run('encoders', 'publish', again)).stdout).toContain('which was there before');
    await rm(folder, { recursive: true });
  });

  it('say in one sentence what is wrong', async () => {
    const { run, folder } = await setUp(edge);
    await writeFile(join(folder, 'encoder.json'), '{"kind":"mixture","domain":"replies"}');
    const wrong = await run('encoders', 'publish', folder);
    expect([wrong.code, wrong.stdout]).toEqual([1, '']);
    expect(wrong.stderr).toMatch(/^prefloop encoders publish: .*encoder\.json: .*\n$/);
    expect((await run('encoders', 'use', 'replies', 'abcdef')).stderr).toContain(
      'no encoders of replies begin with abcdef',
    );
    expect((await run('encoders', 'use', 'replies', 'xyz')).code).toBe(2);
    await rm(folder, { recursive: true });
  });
});
