/** What every command promises, read from the declarations; and that nothing an operator needs is left to curl. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseArguments } from '../../../shared/cli/arguments.ts';
import { commands } from '../../../shared/cli/program.ts';
import { makeMixture, makeSetEncoder } from '../../worker/encoder/made-encoder.ts';
import { png } from '../../worker/made-image.ts';
import { operations, startRecordingEdge } from './recording-edge.ts';
import { runHere } from './run-prefloop.ts';

const words = (line: string) => (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''));

describe.each(commands)('$name', ({ name, declared }) => {
  it('has an example that its own declaration takes', () => {
    expect(declared.example, 'an example').toMatch(new RegExp(`^${name}( |$)`));
    const given = words(declared.example ?? '').slice(name.split(' ').length);
    expect(() => parseArguments(declared, given)).not.toThrow();
  });

  it.skipIf(name in WITHOUT_JSON)('takes --json', () => {
    expect(declared.options.json).toMatchObject({ type: 'flag' });
  });

  it('says no more of a place or an option than one line', () => {
    expect(declared.summary).toMatch(/\S[.?]$/);
    for (const { help } of Object.values(declared.options)) expect(help).toMatch(/^[^\n]+[.?]$/);
  });
});

/** Why a command prints no JSON. */
const WITHOUT_JSON: Record<string, string> = {
  'prefloop import': 'writes nothing but counts; --json FILE is its summary',
  'prefloop export': 'what it writes is JSON Lines already; --json FILE is its summary',
  'prefloop completion': 'writes a shell’s script',
};

it('a command without --json has a reason', () => {
  const without = commands.filter(({ declared }) => declared.options.json?.type !== 'flag').map(({ name }) => name);
  expect(without.sort()).toEqual(Object.keys(WITHOUT_JSON).sort());
});

/** Why an operation has no command. */
const NO_COMMAND: Record<string, string> = {
  'POST /console/session': 'the console’s cookie; a command line has its key',
  'GET /console/session': 'the console’s cookie; a command line has its key',
  'DELETE /console/session': 'the console’s cookie; a command line has its key',
  'GET /v1/images/{project}/{sha256}': 'for pages, without a key; images download has one',
  'POST /v1/comparisons': 'people compare on pages and in the widget',
  'GET /v1/comparisons/{id}':
    'preferences show has the comparison of a vote; one without a vote concerns its page alone',
  'POST /v1/preferences': 'people vote on pages and in the widget; import sends many',
  'POST /v1/batches/lease': 'a runner’s',
  'POST /v1/batches/{id}/heartbeat': 'a runner’s',
  'POST /v1/batches/{id}/complete': 'a runner’s',
  'POST /v1/batches/{id}/dismiss': 'a runner’s',
  'POST /v1/batches/{id}/fail': 'a runner’s',
  'GET /v1/domains/{domain}/held-out': 'a runner’s',
  'POST /v1/adapters': 'a runner’s: prefloop-runner materialise',
};

/** Calls that examples with short names do not make. */
const MORE = [
  `adapters show ${'a'.repeat(64)}`,
  `adapters download ${'a'.repeat(64)}`,
  `promote support-tone ${'a'.repeat(64)}`,
  `encoders show ${'a'.repeat(64)}`,
  `encoders use sprites ${'a'.repeat(64)}`,
  `encoders download ${'a'.repeat(64)}`,
  'encoders publish set',
];

async function writeEncoder(folder: string, input: object, files: { name: string; bytes: Uint8Array }[] = []) {
  await mkdir(folder);
  await writeFile(join(folder, 'encoder.json'), JSON.stringify(input));
  for (const { name, bytes } of files) await writeFile(join(folder, name), bytes);
}

describe('operations of the edge', () => {
  let folder: string;
  const home = process.cwd();
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'prefloop-examples-'));
    process.chdir(folder);
  });
  afterAll(async () => {
    process.chdir(home);
    await rm(folder, { recursive: true });
  });

  it('that an operator needs have a command, and the others a reason', async () => {
    const edge = await startRecordingEdge();
    await writeFile('pairs.jsonl', '{"prompt":"Hello?","chosen":"Good morning!","rejected":"What?"}\n');
    for (const name of ['cat.png', 'dog.webp']) await writeFile(name, png(1));
    await writeEncoder('encoder', makeMixture(['a'.repeat(64)]));
    const { input, files } = await makeSetEncoder();
    await writeEncoder('set', input, files);
    const examples = commands.map(({ declared: { example = '' } }) => words(example).slice(1));
    const endless = (argv: string[]) => (argv[0] === 'watch' ? ['--updates', '1'] : []);
    for (const argv of [...examples, ...MORE.map(words)]) {
      if (argv[0] === 'completion') continue;
      const asks = argv[0] === 'health' ? [] : ['--key', 'sk_of_the_tests'];
      const { code, stderr } = await runHere(...argv, ...endless(argv), ...asks, '--edge', edge.url);
      // Whatever the made-up answers lead to, the command line itself is right.
      expect(code, `${argv.join(' ')}: ${stderr}`).not.toBe(2);
    }
    edge.close();
    const without = operations.filter((operation) => !edge.calls.has(operation));
    expect(without.sort()).toEqual(Object.keys(NO_COMMAND).sort());
  }, 60_000);
});
