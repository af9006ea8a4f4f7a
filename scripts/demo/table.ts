/** How the results of `--auto` are printed, and which figures go into `--json`. */
import type { Figure } from '../../shared/cli/summary.ts';
import type { Estimate } from '../../shared/math/bootstrap.ts';
import type { AutoResult, PersonaResult } from './auto.ts';
import type { ImportResult } from './import.ts';
import type { TasteResult } from './taste-result.ts';

const share = (value: number) => value.toFixed(2);
const interval = ({ value, low, high }: Estimate) => `${share(value)} (${share(low)}–${share(high)})`;

/** Columns as wide as their widest cell; numbers to the right. */
function printTable(header: string[], rows: string[][]): void {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('   ');
  console.log(`  ${line(header)}`);
  console.log(`  ${widths.map((width) => '─'.repeat(width)).join('───')}`);
  for (const row of rows) console.log(`  ${line(row)}`);
}

function personaRow(result: PersonaResult): string[] {
  return [
    result.persona,
    String(result.votes),
    String(result.batches),
    String(result.adapters),
    interval(result.winRate),
    interval(result.parses),
    share(result.baseParses),
    `${result.voteToLive.toFixed(1)} s`,
  ];
}

export function printAuto(result: AutoResult, personas: readonly string[]): void {
  const { n } = result.control.winRate;
  console.log(
    `\nLive adapter against the base, ${n} held-out prompts, temperature 1, ties ½, 95 % bootstrap interval\n`,
  );
  printTable(
    ['persona', 'votes', 'batches', 'adapters', 'win rate', 'still parse', 'base parse', 'vote → live (p50)'],
    [...result.personas, result.control].map(personaRow),
  );
  console.log(
    '\nWin rate of each adapter (row) under each taste (column): a taste is learned, not a general improvement\n',
  );
  printTable(
    ['', ...personas],
    Object.entries(result.cross).map(([domain, wins]) => [
      domain,
      ...personas.map((taste) => share(wins[taste] ?? Number.NaN)),
    ]),
  );
  console.log('');
}

export function printTastes(results: TasteResult[]): void {
  if (results.length === 0) {
    console.log('No personal weights are built: nothing was made for anyone in particular.\n');
    return;
  }
  console.log(
    'Made for one person against what everyone gets, same prompt and seed, by the person’s true taste; nothing trained in ' +
      'between\n',
  );
  printTable(
    ['', 'people', 'picks each', 'win rate', 'by others’ tastes', 'liked more by', 'sound', 'sound for everyone'],
    results.map((result) => [
      result.kind,
      String(result.people),
      String(result.picks),
      interval(result.winRate),
      interval(result.stranger),
      interval(result.gain),
      result.sound === null ? '–' : share(result.sound),
      result.soundForEveryone === null ? '–' : share(result.soundForEveryone),
    ]),
  );
  console.log('');
}

/** Under `taste.`: what is made for people, against what everyone gets. */
export function tasteFigures(results: TasteResult[]): Record<string, Figure> {
  const figures: Record<string, Figure> = {};
  for (const { kind, ...result } of results) {
    for (const [name, figure] of Object.entries(result)) {
      // A mean of nothing is no figure.
      if (figure !== null && (typeof figure === 'number' || figure.n > 0)) figures[`taste.${kind}.${name}`] = figure;
    }
  }
  return figures;
}

export function autoFigures(result: AutoResult): Record<string, Figure> {
  const figures: Record<string, Figure> = {};
  for (const each of [...result.personas, result.control]) {
    figures[`winRate.${each.persona}`] = each.winRate;
    figures[`parses.${each.persona}`] = each.parses;
    figures[`votes.${each.persona}`] = each.votes;
    figures[`batches.${each.persona}`] = each.batches;
    figures[`adapters.${each.persona}`] = each.adapters;
    figures[`voteToLive.${each.persona}`] = each.voteToLive;
  }
  for (const [row, columns] of Object.entries(result.cross)) {
    for (const [column, value] of Object.entries(columns)) figures[`cross.${row}.${column}`] = value;
  }
  return figures;
}

export function printImport(result: ImportResult): void {
  const { rows, stored, duplicates, rejected, second } = result;
  console.log(
    `\n${rows} rows: ${stored} stored, ${duplicates} duplicates, ${rejected} rejected. Again: ${second} added.`,
  );
  console.log(
    `Trained on exactly once: ${result.trainedOnce}; more than once: ${result.trainedTwice}; ` +
      `not trainable: ${result.notTrainable}; held out: ${result.heldOutRows} (recounted from the lineage).\n`,
  );
  console.log(`Held-out preference accuracy, 95 % interval clustered by ${result.heldOutAfter.n} prompts\n`);
  printTable(
    ['', 'accuracy'],
    [
      ['base model (log-probability per token)', interval(result.heldOutBefore)],
      ['adapter (log-probability per token)', interval(result.heldOutAfter)],
      ['adapter (implicit reward)', interval(result.implicitReward)],
      [`length alone (${result.lengthRule})`, interval(result.lengthAlone)],
      ['trained on shuffled labels (implicit reward)', interval(result.shuffledLabels)],
    ],
  );
  console.log('');
}

export function importFigures(result: ImportResult): Record<string, Figure> {
  const { lengthRule: _, ...figures } = result;
  return figures;
}
