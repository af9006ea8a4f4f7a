/** Writes what benches have measured (their --json files) into docs/benchmarks.md, each between its own two markers. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../shared/cli/arguments.ts';
import { defineCommand } from '../shared/cli/command.ts';
import { markdownTable, shortNumber } from '../shared/cli/markdown.ts';
import type { Figure, Summary } from '../shared/cli/summary.ts';
import { type Row, tabulate } from './train/results.ts';

const PAGE = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));

const declaration = {
  name: 'npm run bench -- report',
  summary: 'Rewrites the tables of docs/benchmarks.md from the --json files of benches.',
  positionals: ['FILE…'],
  options: {},
} as const;

const command = defineCommand(declaration, async (_, files) => {
  let page = await readFile(PAGE, 'utf8');
  for (const file of files) {
    const summary = JSON.parse(await readFile(file, 'utf8')) as Summary;
    page = putSection(page, summary, (await stat(file)).mtime);
    console.log(`${summary.name}: from ${file}`);
  }
  await writeFile(PAGE, page);
});

export const main = command.run;

function putSection(page: string, summary: Summary, measuredAt: Date): string {
  const [start, end] = [`<!-- ${summary.name} -->`, `<!-- /${summary.name} -->`];
  const [before, rest] = page.split(start);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new UsageError(`docs/benchmarks.md has no ${start} … ${end}`);
  return `${before}${start}\n${describe(summary, measuredAt)}\n${end}${after}`;
}

function describe(summary: Summary, measuredAt: Date): string {
  const facts = [
    `- command: \`${withoutPaths(summary.command)}\``,
    `- machine: ${summary.machine}`,
    `- date: ${measuredAt.toISOString().slice(0, 10)}`,
  ];
  const figures = Object.entries(summary.figures).map(([figure, value]) => ({
    figure: `\`${figure}\``,
    ...explain(value),
  }));
  const rows = summary.name === 'train' ? tabulate((summary.rows as Row[]).filter((row) => row.variant)) : summary.rows;
  const flat = (rows ?? []) as Record<string, unknown>[];
  const detail = flat.some((row) => Object.values(row).some((value) => value instanceof Object)) ? [] : flat;
  const tables = [figures, detail].filter((table) => table.length > 0);
  return ['', facts.join('\n'), ...tables.map(tableOf), '']
    .join('\n\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

/** Where files lay on the machine that measured is nobody's business. */
function withoutPaths(command: string): string {
  return command
    .replace(/ --(json|folder) \S+/g, '')
    .replace(/--data \S+/, '--data DIR')
    .replace(/--import \S*\//, '--import DIR/');
}

/** Values that no one number stands for: a median with the lowest and the highest run, or a share with its interval. */
function explain(figure: Figure): Record<string, string> {
  if (typeof figure === 'number') return { value: shortNumber(figure), 'low – high': '', n: '' };
  const { value, low, high, n } = figure;
  return { value: shortNumber(value), 'low – high': `${shortNumber(low)} – ${shortNumber(high)}`, n: String(n) };
}

function tableOf(rows: Record<string, unknown>[]): string {
  const names = Object.keys(rows[0] ?? {});
  const cell = (value: unknown) => (typeof value === 'number' ? shortNumber(value) : String(value ?? ''));
  return markdownTable(
    names,
    rows.map((row) => names.map((name) => cell(row[name]))),
  );
}
