import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { parseArguments } from '../../../shared/cli/arguments.ts';
import { exitCode } from '../../../shared/cli/command.ts';
import { commands, sections } from '../../../shared/cli/program.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const pages = [
  'README.md',
  ...readdirSync(`${root}docs`).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];

/** Whole lines of the command line, without what explains or reads them; a line that ends in a backslash goes on. */
function commandLines(page: string): string[] {
  const text = readFileSync(root + page, 'utf8').replaceAll(/\\\n\s*/g, ' ');
  return [...text.matchAll(/^ *npx prefloop (.*)$/gm)].map(([, line = '']) => line.replace(/\s+(#|\|).*$/, ''));
}

const shown = pages.flatMap((page) => commandLines(page).map((line) => ({ page, line })));

test('commands are shown', () => {
  expect(shown.length).toBeGreaterThan(10);
});

test.each(shown)('$page: npx prefloop $line', ({ line }) => {
  // Brackets say that an option may be left out.
  const argv = (line.replaceAll(/[[\]]/g, '').match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''));
  const known = commands
    .filter(({ name }) => `prefloop ${argv.join(' ')} `.startsWith(`${name} `))
    .sort((one, other) => other.name.length - one.name.length)[0];
  expect(known, `no command for: ${line}`).toBeDefined();
  const { declared } = known as NonNullable<typeof known>;
  const given = argv.slice(declared.name.split(' ').length - 1);
  // FORMAT stands for one of its choices.
  const words = given.map((word) => (word === 'FORMAT' ? 'trl' : word));
  expect(() => parseArguments(declared, words)).not.toThrow();
});

describe('docs/command-line.md', () => {
  const page = readFileSync(`${root}docs/command-line.md`, 'utf8');

  it.each(sections)('has every command of “$title” with its own words', ({ title, commands }) => {
    const [, rest = ''] = page.split(`\n### ${title}\n`);
    const [table = ''] = rest.split('\n#');
    const rows = table.split('\n').filter((line) => line.startsWith('| `'));
    const declared = commands.map(({ declared: { name, positionals = [], summary } }) => {
      return `| \`${[name, ...positionals].join(' ')}\` | ${summary} |`;
    });
    expect(rows).toEqual(declared);
  });

  it('has every exit code', () => {
    const codes = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(Object.values(exitCode));
  });
});
