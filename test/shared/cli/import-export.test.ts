import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type PairFormatName, parseLine, printLine } from '../../../shared/formats/format.ts';
import type { Row } from '../../../shared/formats/row.ts';
import { describeOnHosts, type TestEdge } from '../../worker/hosts.ts';
import { randomRows } from '../formats/random-rows.ts';
import { runHere, runPrefloop, startPrefloop } from './run-prefloop.ts';

const extra = ['--group', 'group', '--user', 'user', '--confidence', 'confidence'];
const columns = { group: 'group', user: 'user', confidence: 'confidence' };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prefloop-import-'));
});
afterAll(() => rm(folder, { recursive: true }));

function print(format: PairFormatName, rows: Row[]): string {
  return rows
    .map((row) => {
      const printed = printLine(format, row, columns);
      if (!('line' in printed)) throw new Error(printed.rejection.message);
      return `${printed.line}\n`;
    })
    .join('');
}

function parse(format: PairFormatName, text: string, extraColumns = {}): Row[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const parsed = parseLine(format, line, extraColumns);
      if (!('row' in parsed)) throw new Error(parsed.rejection.message);
      return parsed.row;
    });
}

async function setUp(edge: TestEdge) {
  const project = await edge.createProject();
  await project.createDomain({ id: 'tone' });
  const environment = { PREFLOOP_EDGE: edge.url, PREFLOOP_KEY: project.admin };
  const run = (...args: string[]) =>
    runHere(...args, '--edge', edge.url, ...(args.includes('--key') ? [] : ['--key', project.admin]));
  const summarise = async (...args: string[]) => {
    const file = join(folder, `${crypto.randomUUID()}.json`);
    const ended = await run(...args, '--json', file);
    return { ...ended, summary: JSON.parse(await readFile(file, 'utf8').catch(() => '{}')) };
  };
  return { environment, run, summarise };
}

const write = async (text: string | Buffer) => {
  const file = join(folder, `${crypto.randomUUID()}.jsonl`);
  await writeFile(file, text);
  return file;
};

/** Rows that differ in what makes a vote the same vote. */
function distinct(rows: Row[]): Row[] {
  const key = ({ prompt, chosen, rejected, user }: Row) => JSON.stringify([prompt, chosen, rejected, user]);
  return [...new Map(rows.map((row) => [key(row), row])).values()];
}

const plain = (n: number): Row => ({ prompt: { text: `What is ${n}?` }, chosen: `${n}.`, rejected: 'No idea.' });
const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

describeOnHosts('import and export', (edge) => {
  it.each([
    ['trl', 'chat', true],
    ['trl', 'text', true],
    ['openai', 'chat', true],
    ['hh', 'chat', false],
  ] as const)('%s, %s: import, import again, export: the same rows, in their order', async (format, kind, system) => {
    const { run, summarise } = await setUp(edge);
    const rows = distinct(randomRows(7, 120, kind, system));
    const text = print(format, rows);
    const file = await write(`\ufeff${text.replaceAll('\n', '\r\n')}\n`);
    const options = ['--format', format, '--domain', 'tone'];

    const first = await summarise('import', file, ...options, '--batch', '50', ...extra);
    expect(first).toMatchObject({
      code: 0,
      summary: { figures: { rows: rows.length, stored: rows.length, rejected: 0 } },
    });
    const second = await summarise('import', file, ...options, ...extra);
    expect(second.summary.figures).toMatchObject({ stored: 0, duplicates: rows.length, rejected: 0 });

    const out = join(folder, `${crypto.randomUUID()}.jsonl`);
    const exported = await run('export', ...options, '--columns', 'group,user,confidence', '--out', out);
    expect([exported.code, exported.stdout]).toEqual([0, '']);
    expect(parse(format, await readFile(out, 'utf8'), columns)).toEqual(rows);

    const third = await summarise('import', out, ...options, ...extra);
    expect(third.summary.figures).toMatchObject({ stored: 0, duplicates: rows.length, rejected: 0 });
  });

  it('stores the good rows of a bad file and reports the others with their line numbers', async () => {
    const { run, summarise } = await setUp(edge);
    const lines = [
      print('trl', [plain(1)]).trim(),
      '{"prompt": "cut off", "cho',
      '',
      JSON.stringify({ prompt: 'p', chosen: 'x'.repeat(2_000_000), rejected: 'y' }),
      JSON.stringify({ prompt: 'p', chosen: 'nul\0', rejected: 'y' }),
      '{"prompt": "p", "chosen": "lone \\ud800", "rejected": "y"}',
      JSON.stringify({ prompt: 'p', chosen: '', rejected: 'y' }),
      JSON.stringify({ prompt: 'p', chosen: 'same', rejected: 'same' }),
      print('trl', [plain(2)]).trim(),
      print('trl', [plain(1)]).trim(),
    ];
    const invalid = Buffer.concat([Buffer.from(`${lines.join('\n')}\n`), Buffer.from([0xc3, 0x28, 0x0a])]);
    const rejects = join(folder, 'rejects.jsonl');
    const options = ['--format', 'trl', '--domain', 'tone'];
    const ended = await summarise('import', await write(invalid), ...options, '--rejects', rejects);
    expect(ended.code).toBe(3);
    expect(ended.summary.figures).toMatchObject({ rows: 10, stored: 4, duplicates: 1, rejected: 5 });
    const reports = (await readFile(rejects, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(reports.map(({ line, result, reason, field }) => [line, result, reason, field])).toEqual([
      [2, 'rejected', 'invalidJson', null],
      [4, 'rejected', 'tooLong', 'chosen'],
      [5, 'rejected', 'invalidText', 'chosen'],
      [6, 'rejected', 'invalidText', 'chosen'],
      [7, 'notTrainable', 'emptyCompletion', null],
      [8, 'notTrainable', 'equalTexts', null],
      [11, 'rejected', 'invalidUtf8', null],
    ]);
    expect(ended.stderr).toContain('line 4: chosen');
    const exported = await run('export', ...options);
    expect(parse('trl', exported.stdout)).toHaveLength(4);
  });

  it('killed in the middle and resumed, every row is stored once and every bad one reported once', async () => {
    const { environment, run, summarise } = await setUp(edge);
    const rows = Array.from({ length: 2000 }, (_, n) => plain(n));
    const lines = print('trl', rows).trim().split('\n');
    for (const at of [1500, 800, 100]) lines.splice(at, 0, `broken ${at}`);
    const file = await write(`${lines.join('\n')}\n`);
    const [rejects, state] = [`${file}.rejects`, `${file}.prefloop-state`];
    const args = ['import', file, '--format', 'trl', '--domain', 'tone', '--batch', '25', '--rejects', rejects];

    let killed = 0;
    for (let round = 0; round < 3; round++) {
      const before = await readFile(state, 'utf8').catch(() => '');
      const started = startPrefloop([...args, '--resume'], environment);
      while ((await readFile(state, 'utf8').catch(() => '')) === before)
        await new Promise((done) => setTimeout(done, 2));
      started.kill('SIGKILL');
      if ((await started.ended).signal === 'SIGKILL') killed++;
    }
    expect(killed).toBe(3);
    expect(await exists(state)).toBe(true);

    const ended = await summarise(...args, '--resume');
    expect(ended.stderr).toContain('resuming after line');
    expect(ended.summary.figures).toMatchObject({ rows: 2003, rejected: 3 });
    expect(ended.summary.figures.stored + ended.summary.figures.duplicates).toBe(2000);
    expect(await exists(state)).toBe(false);
    const reports = (await readFile(rejects, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).line);
    expect(reports).toEqual([101, 802, 1503]);
    const exported = await run('export', '--format', 'trl', '--domain', 'tone');
    expect(parse('trl', exported.stdout)).toEqual(rows);
  });

  it('stopped by Ctrl-C, it says where it stands', async () => {
    const { environment } = await setUp(edge);
    const file = await write(
      print(
        'trl',
        Array.from({ length: 3000 }, (_, n) => plain(n)),
      ),
    );
    const started = startPrefloop(['import', file, '--format', 'trl', '--domain', 'tone', '--batch', '5'], environment);
    while (!(await exists(`${file}.prefloop-state`))) await new Promise((done) => setTimeout(done, 5));
    started.kill('SIGINT');
    const { code, stderr } = await started.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/stopped after line [\d,]+; --resume goes on from there/);
  });

  it('refuses to resume another import', async () => {
    const { run } = await setUp(edge);
    const file = await write(print('trl', [plain(1)]));
    const [state] = await write(
      JSON.stringify({ identity: 'x', position: { offset: 5, line: 1 }, counts: { rows: 1 } }),
    ).then((name) => [name]);
    const ended = await run(
      'import',
      file,
      '--format',
      'trl',
      '--domain',
      'tone',
      '--resume',
      '--state',
      state as string,
    );
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('belongs to another import');
    const garbled = await run('import', file, '--format', 'trl', '--domain', 'tone', '--state', file);
    expect(garbled.stderr).toContain('is not the state of an import');
    expect(garbled.code).toBe(1);
  });

  it('the same vote under another group is refused, not stored twice', async () => {
    const { run, summarise } = await setUp(edge);
    const options = ['--format', 'trl', '--domain', 'tone'];
    const file = await write(print('trl', [{ ...plain(1), group: 'a' }]));
    expect((await run('import', file, ...options, ...extra)).code).toBe(0);
    const other = await summarise(
      'import',
      await write(print('trl', [{ ...plain(1), group: 'b' }])),
      ...options,
      ...extra,
    );
    expect(other.summary).toMatchObject({
      figures: { stored: 0, duplicates: 0, rejected: 1 },
      rows: [{ reasons: { idempotency_conflict: 1 } }],
    });
  });

  it('reads standard input; --chat makes plain prompts fit the chat formats, which otherwise count them as left out', async () => {
    const { environment, run } = await setUp(edge);
    const options = ['--format', 'trl', '--domain', 'tone'];
    const piped = await runPrefloop(['import', '-', ...options], environment, print('trl', [plain(1), plain(2)]));
    expect([piped.code, piped.stderr]).toEqual([0, expect.stringContaining('2 rows: 2 stored')]);
    const bare = await run('export', '--format', 'openai', '--domain', 'tone');
    expect([bare.stdout, bare.stderr]).toEqual(['', expect.stringContaining('left out: 2 unsupported')]);
    const chat = await run('export', '--format', 'openai', '--domain', 'tone', '--chat');
    expect(parse('openai', chat.stdout).map((row) => row.prompt)).toEqual([
      { messages: [{ role: 'user', content: 'What is 1?' }] },
      { messages: [{ role: 'user', content: 'What is 2?' }] },
    ]);
  });

  it('what cannot begin says why in one sentence and leaves nothing behind', async () => {
    const { run } = await setUp(edge);
    const file = await write(print('trl', [plain(1)]));
    const out = join(folder, 'never.jsonl');
    for (const [args, code, sentence] of [
      [['import', file, '--domain', 'tone'], 2, '--format is missing'],
      [['import', `${file}.none`, '--format', 'trl', '--domain', 'tone'], 1, 'no such file'],
      [['import', file, '--format', 'trl', '--domain', 'nowhere'], 1, '[not_found]'],
      [['import', file, '--format', 'trl', '--domain', 'tone', '--key', 'sk_0_0'], 1, '[unauthorized]'],
      [['import', '-', '--format', 'trl', '--domain', 'tone', '--resume'], 2, 'cannot be resumed'],
      [['export', '--format', 'trl', '--domain', 'nowhere', '--out', out], 1, '[not_found]'],
      [['export', '--format', 'trl', '--domain', 'tone', '--key', 'sk_0_0'], 1, '[unauthorized]'],
    ] as const) {
      const ended = await run(...args);
      expect([ended.code, ended.stderr.trim().split('\n').length]).toEqual([code, 1]);
      expect(ended.stderr).toContain(sentence);
    }
    expect(await exists(out)).toBe(false);
    expect(await exists(`${file}.prefloop-state`)).toBe(false);
  }, 60_000);
});
