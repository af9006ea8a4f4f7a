/** Tables on standard output, for people. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out.
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Without control characters: what people and models wrote must not move a terminal's cursor. Lines and tabs stay. */
export const plainText = (text: string) => text.replace(CONTROL, '');

/** The same on one line. */
export const plain = (text: string) => plainText(text.replace(/\r?\n|\t/g, ' '));

/** Columns in the order of the first row; nothing to show is said in words. */
export function formatTable(rows: readonly Record<string, string | number>[], none = 'none'): string {
  const [first] = rows;
  if (!first) return none;
  const names = Object.keys(first);
  const cells = [names, ...rows.map((row) => names.map((name) => plain(String(row[name] ?? ''))))];
  const widths = names.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  return cells
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** 2026-11-23 16:40:05, in UTC. */
export function formatTime(milliseconds: number | null): string {
  return milliseconds === null ? '-' : new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ');
}

/** The first twelve digits of a hash; null is the base model. */
export const short = (sha: string | null) => sha?.slice(0, 12) ?? 'base';
