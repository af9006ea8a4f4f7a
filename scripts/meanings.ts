/** docs/metrics.md as data: what each name means and in which unit it is. Names of people’s votes, of gates and of the console have a prefix. */

export type Meaning = { unit: string; meaning: string };

const PREFIX: Record<string, string> = { 'Of people': 'people.', Gates: 'gate.', 'On the console': 'console.' };

const cellsOf = (line: string) =>
  line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());

/** Reads every table with a column `name`; `holds when` and `interval` are said behind the meaning. */
export function readMeanings(markdown: string): Record<string, Meaning> {
  const meanings: Record<string, Meaning> = {};
  let prefix = '';
  let heads: string[] | null = null;
  for (const line of markdown.split('\n')) {
    const title = /^## (.+)$/.exec(line)?.[1];
    if (title) prefix = PREFIX[title] ?? '';
    if (!line.startsWith('|')) heads = null;
    else if (!heads) heads = cellsOf(line);
    else if (!/^\|[-| ]+\|$/.test(line)) addRow(meanings, prefix, heads, cellsOf(line));
  }
  return meanings;
}

function addRow(meanings: Record<string, Meaning>, prefix: string, heads: string[], cells: string[]): void {
  const cell = (name: string) => cells[heads.indexOf(name)] ?? '';
  const names = [...cell('name').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
  const units = cell('unit').split(/,\s*/);
  const more = [
    cell('holds when') && `Holds when ${cell('holds when')}.`,
    cell('interval') && `95 % interval: ${cell('interval')}.`,
  ].filter(Boolean);
  const meaning = [`${cell('meaning') || cell('value')}`, ...more].join('. ').replaceAll('..', '.');
  for (const [index, name] of names.entries()) {
    const unit = units.length === names.length ? units[index] : cell('unit');
    meanings[prefix + name] = { unit: unit || '–', meaning };
  }
}
