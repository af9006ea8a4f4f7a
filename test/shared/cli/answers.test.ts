import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { castVotes } from '../../worker/encoder/made-encoder.ts';
import { describeOnHosts, type TestEdge } from '../../worker/hosts.ts';
import { startInferenceServer } from '../../worker/inference-server.ts';
import { png } from '../../worker/made-image.ts';
import { importedVotes } from '../../worker/votes.ts';
import { readLines, runHere, startPrefloop } from './run-prefloop.ts';

const inference = await startInferenceServer();
afterAll(() => inference.close());
beforeEach(() => inference.reset());

async function setUp(edge: TestEdge, domain: Record<string, unknown> = {}) {
  const project = await edge.createProject();
  await project.createDomain(domain);
  const connection = ['--edge', edge.url, '--key', project.admin];
  return { project, connection, run: (...args: string[]) => runHere(...args, ...connection) };
}

function suite(edge: TestEdge) {
  it('models, and the edge’s health', async () => {
    const { run } = await setUp(edge);
    expect(readLines((await run('models', '--json')).stdout)).toMatchObject([{ id: 'replies', object: 'model' }]);
    const health = await runHere('health', '--edge', edge.url);
    expect([health.code, health.stderr]).toEqual([0, '']);
    expect(health.stdout).toMatch(/^ok: version \S+ on \w+\ndatabase +ok\nfiles +ok\ninference +ok\n$/);
    expect(JSON.parse((await runHere('health', '--edge', edge.url, '--json')).stdout).status).toBe('ok');
  });

  it('chat streams to standard output, and says on the other who answered', async () => {
    const { run } = await setUp(edge);
    const options = ['--system', 'Be kind.', '--seed', '7', '--temperature', '0.5', '--max-tokens', '99'];
    const asked = await run('chat', 'replies', 'Where is my parcel?', ...options);
    expect(asked).toEqual({
      code: 0,
      stdout: 'base with seed 7 on Where is my parcel? \n',
      stderr: 'answered by base\n',
    });
    expect(inference.asked[0]).toMatchObject({
      ...{ stream: true, seed: 7, temperature: 0.5, max_tokens: 99 },
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'Where is my parcel?' },
      ],
    });
    const whole = await run('chat', 'replies', 'Hello?', '--json');
    expect(JSON.parse(whole.stdout)).toMatchObject({ object: 'chat.completion', choices: [{ finish_reason: 'stop' }] });
    await run('chat', 'replies', 'Hello?', '--beams', '4');
    expect(inference.asked[2]).toMatchObject({ num_beams: 4, stream: false });
  });

  it('what a model says never moves the terminal', async () => {
    const { run } = await setUp(edge);
    inference.behave({ say: () => 'red \u001b[31malarm\u0007\r over\nnext' });
    expect((await run('chat', 'replies', 'Hello?')).stdout).toBe('red [31malarm over\nnext \n');
    expect((await run('chat', 'replies', 'Hello?', '--revise', '1')).stdout).toBe('red [31malarm over\nnext\n');
  });

  it('chat ends in order at Ctrl-C', async () => {
    const { connection } = await setUp(edge);
    inference.behave({ chunkMs: 200, say: () => Array.from({ length: 500 }, () => 'word').join(' ') });
    const chat = startPrefloop(['chat', 'replies', 'Tell me all.', ...connection]);
    await expect.poll(() => inference.asked.length).toBe(1);
    await new Promise((done) => setTimeout(done, 600));
    chat.kill('SIGINT');
    expect(await chat.ended).toMatchObject({ code: 130, signal: null, stderr: 'answered by base\n' });
    await expect.poll(() => inference.aborted).toBe(1);
  });

  it('samples stand beside each other', async () => {
    const { run, project } = await setUp(edge, { holdOut: 0.9 });
    expect((await run('samples', 'replies')).stdout).toBe('no prompt is held out\n');
    await castVotes(edge, project.admin, importedVotes(12));
    const said = (await run('samples', 'replies', '--count', '2')).stdout;
    expect(said).toMatch(/^Question \d+\?\n {2}base: base with seed \d+ on Question \d+\?\n\nQuestion /);
    expect(JSON.parse((await run('samples', 'replies', '--count', '1', '--json')).stdout).samples).toHaveLength(1);
    expect((await run('samples', 'replies', '--count', '9')).code).toBe(2);
  });

  it('credit is shown token by token', async () => {
    const { run } = await setUp(edge);
    const said = await run('credit', 'replies', 'Where?', 'Hi', '--beta', '0.2');
    expect(said.stdout).toMatch(
      /^token +credit .*\n"H" +\+0\.10 +-0\.50 +-1\.00\n"i" .*\n\nreward \+0\.20 under base\n$/,
    );
    expect(JSON.parse((await run('credit', 'replies', 'Where?', 'Hi', '--json')).stdout).tokens).toHaveLength(2);
  });

  it('pictures go up, come down and are drawn', async () => {
    const { run } = await setUp(edge, { baseModel: 'tiny-diffusion', recipe: { method: 'diffusion-dpo' } });
    const folder = await mkdtemp(join(tmpdir(), 'prefloop-pictures-'));
    const [one, other] = [png(1), png(2)];
    await writeFile(join(folder, 'one.png'), one);
    await writeFile(join(folder, 'other.png'), other);
    const uploaded = await run('images', 'upload', join(folder, 'one.png'), join(folder, 'other.png'), '--json');
    const receipts = readLines(uploaded.stdout);
    expect(receipts.map(({ mediaType, bytes }) => [mediaType, bytes])).toEqual([
      ['image/png', one.length],
      ['image/png', other.length],
    ]);
    const again = await run('images', 'upload', join(folder, 'one.png'));
    expect(again.stdout).toBe(`${receipts[0]?.sha256}\n`);
    const file = join(folder, 'down.png');
    expect((await run('images', 'download', receipts[1]?.sha256, '--out', file)).stdout).toBe(`${file}\n`);
    expect(new Uint8Array(await readFile(file))).toEqual(other);
    await writeFile(join(folder, 'text.png'), 'no picture');
    const partly = await run('images', 'upload', join(folder, 'one.png'), join(folder, 'text.png'));
    expect(partly).toMatchObject({ code: 1, stdout: again.stdout, stderr: expect.stringContaining('[image_invalid]') });

    const drawn = join(folder, 'one.png').replace('one.png', '');
    const asked = ['images', 'generate', 'replies', 'a creature', '--n', '2', '--seed', '5', '--out', drawn];
    const said = await run(...asked);
    expect([said.code, said.stderr]).toEqual([0, 'drawn by base, for nobody in particular\n']);
    const files = said.stdout.trim().split('\n');
    expect(await Promise.all(files.map(async (each) => new Uint8Array(await readFile(each))))).toEqual([
      png(5),
      png(6),
    ]);
    expect(inference.asked.at(-1)).toMatchObject({ n: 2, seed: 5 });
    const answer = JSON.parse((await run(...asked, '--user', 'anna', '--json')).stdout);
    // The person’s token may not vote: a look from the command line deals nobody a comparison.
    expect(answer).toMatchObject({ personal: null, comparison: null, data: [{ seed: 5 }, { seed: 6 }] });
    expect(JSON.stringify(answer)).not.toContain('b64_json');
    expect((await readdir(folder)).length).toBe(6);
    await rm(folder, { recursive: true });
  });
}

describeOnHosts('answers, from the command line', suite, {
  INFERENCE_URL: inference.url,
  INFERENCE_KEY: 'key-of-the-back-end',
});
