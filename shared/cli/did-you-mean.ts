/** What somebody meant who typed a word that is none: the nearest of the words that are. */

/** Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other (Damerau, restricted). */
function distance(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= other.length; j += 1) {
      const same = one[i - 1] === other[j - 1];
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      const steps = [at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (same ? 0 : 1)];
      row.push(Math.min(...steps, ...(swapped ? [at(i - 2, j - 2) + 1] : [])));
    }
  }
  return at(one.length, other.length);
}

/** null when nothing is near: a wrong guess is worse than none. */
export function findNearest(word: string, words: readonly string[]): string | null {
  const longer = words.filter((each) => word.length >= 3 && each.startsWith(word));
  const [only] = longer;
  if (only && longer.length === 1) return only;
  const most = Math.max(1, Math.floor(word.replace(/^-+/, '').length / 3));
  const [nearest] = words
    .map((each) => ({ each, steps: distance(word, each) }))
    .filter(({ steps }) => steps <= most)
    .sort((a, b) => a.steps - b.steps);
  return nearest?.each ?? null;
}

/** " (did you mean stats?)", or nothing. */
export function didYouMean(word: string, words: readonly string[]): string {
  const nearest = findNearest(word, words);
  return nearest === null ? '' : ` (did you mean ${nearest}?)`;
}
