import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseArguments } from '../../../shared/cli/arguments.ts';
import { commands } from '../../../shared/cli/program.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const pages = [
  'README.md',
  ...readdirSync(`${root}docs`).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];

/** Whole lines of the command line, without what explains them; a line that ends in a backslash goes on. */
function commandLines(page: string): string[] {
  const text = readFileSync(root + page, 'utf8').replaceAll(/\\\n\s*/g, ' ');
  return [...text.matchAll(/^ *npx prefloop (.*)$/gm)].map(([, line = '']) => line.replace(/\s+#.*$/, ''));
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
