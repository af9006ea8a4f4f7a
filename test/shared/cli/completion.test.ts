import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../../../shared/cli/program.ts';
import { runHere } from './run-prefloop.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prefloop-completion-'));
  for (const shell of shells) await writeFile(join(folder, shell), (await runHere('completion', shell)).stdout);
  for (const file of ['votes.jsonl', 'votes old.jsonl']) await writeFile(join(folder, file), '');
});
afterAll(() => rm(folder, { recursive: true }));

const run = (shell: string, script: string) => {
  const { stdout, stderr, status } = spawnSync(shell, ['-c', script], { cwd: folder, encoding: 'utf8' });
  expect([stderr, status]).toEqual(['', 0]);
  return stdout.split('\n').filter(Boolean);
};

describe.each(shells)('completion of %s', (shell) => {
  it.skipIf(!has(shell))('is a script that the shell takes', () => {
    expect(run(shell, `${shell} -n ${shell}`)).toEqual([]);
  });

  it('names every command and every option', async () => {
    const { stdout } = await runHere('completion', shell);
    for (const { declared } of commands) {
      for (const word of declared.name.split(' ').slice(1)) expect(stdout).toContain(word);
      for (const key of Object.keys(declared.options)) {
        const flag = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
        expect(stdout).toContain(shell === 'fish' ? `-l ${flag} ` : `--${flag}`);
      }
    }
  });
});

/** What bash offers for the last word. */
function ask(...words: string[]): string[] {
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const offered = run(
    'bash',
    `source ./bash; complete -p prefloop >/dev/null
    COMP_WORDS=(${quoted}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _prefloop; printf '%s\\n' "\${COMPREPLY[@]}"`,
  );
  // Files come in any order.
  return offered.some((each) => each.endsWith('.jsonl')) ? offered.sort() : offered;
}

describe('in bash', () => {
  it('commands and the words that follow them are offered', () => {
    expect(ask('prefloop', 'ada')).toEqual(['adapters']);
    expect(ask('prefloop', '')).toEqual(expect.arrayContaining(['import', 'keys', 'health', 'completion']));
    expect(ask('prefloop', 'keys', '')).toEqual(['create', 'list', 'revoke', '--help']);
    expect(ask('prefloop', 'nonsense', '')).not.toContain('create');
  });

  it('options are those of the command', () => {
    expect(ask('prefloop', 'adapters', 'list', '--d')).toEqual(['--domain']);
    expect(ask('prefloop', 'adapters', 'show', '--d')).toEqual([]);
    expect(ask('prefloop', 'stats', '--')).toEqual(['--json', '--edge', '--key', '--help']);
    // Its one place is taken.
    expect(ask('prefloop', 'stats', 'tone', '')).toContain('--json');
  });

  it('values are the choices of the option, or files', () => {
    expect(ask('prefloop', 'export', '--format', 'trl-')).toEqual(['trl-unpaired', 'trl-stepwise']);
    expect(ask('prefloop', 'export', '--format', '=', 'trl-')).toEqual(['trl-unpaired', 'trl-stepwise']);
    expect(ask('prefloop', 'export', '--format', '=')).toContain('hh');
    expect(ask('prefloop', 'keys', 'create', 'x', '--scopes', 'admin,tr')).toEqual(['admin,train']);
    expect(ask('prefloop', 'export', '--out', 'votes')).toEqual(['votes old.jsonl', 'votes.jsonl']);
    expect(ask('prefloop', 'stats', '--edge', '')).toEqual([]);
  });

  it('places are files, folders or choices where the command says so', () => {
    expect(ask('prefloop', 'completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(ask('prefloop', 'import', '--domain', 'tone', 'vo')).toEqual(['votes old.jsonl', 'votes.jsonl']);
    expect(ask('prefloop', 'images', 'upload', 'a.png', 'vo')).toEqual(['votes old.jsonl', 'votes.jsonl']);
    expect(ask('prefloop', 'encoders', 'publish', 'vo')).toEqual([]);
    expect(ask('prefloop', 'import', 'a', '--resume', 'vo')).toEqual([]);
  });
});

describe('in fish', () => {
  it.skipIf(!has('fish'))('the same is offered', () => {
    const offered = (line: string) =>
      run('fish', `source ./fish; complete -C "${line}"`).map((each) => each.split('\t')[0]);
    expect(offered('prefloop ada')).toEqual(['adapters']);
    expect(offered('prefloop keys ')).toEqual(['create', 'list', 'revoke']);
    expect(offered('prefloop export --format trl-')).toEqual(['trl-stepwise', 'trl-unpaired']);
    expect(offered('prefloop keys create x --scopes admin,tr')).toEqual(['admin,train']);
  });
});
