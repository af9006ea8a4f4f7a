/** Which of several outputs to compare: those that differ most. Two that are nearly the same teach next to nothing. */

/** Characters of a text that are looked at. */
const READ = 8000;

/**
 * Indices of k of so many, ascending: the two that differ most, then each time the one whose nearest chosen one is farthest.
 * distance: of two of them, by their indices.
 */
export function mostDifferent(count: number, k: number, distance: (i: number, j: number) => number): number[] {
  const all = Array.from({ length: count }, (_, i) => i);
  if (k >= count) return all;
  const pairs = all.flatMap((i) => all.slice(i + 1).map((j) => [i, j] as const));
  const chosen: number[] = [...(pairs[indexOfLargest(pairs.map(([i, j]) => distance(i, j)))] ?? [])].slice(0, k);
  while (chosen.length < k) {
    const open = all.filter((i) => !chosen.includes(i));
    const nearest = open.map((i) => Math.min(...chosen.map((j) => distance(i, j))));
    chosen.push(open[indexOfLargest(nearest)] as number);
  }
  return chosen.sort((a, b) => a - b);
}

/** How far texts are apart: 1 - |A ∩ B| / |A ∪ B| of the sets of their trigrams, which needs to know no language. */
export function textDistance(texts: string[]): (i: number, j: number) => number {
  const grams = texts.map(trigrams);
  return (i, j) => 1 - overlap(grams[i] as Set<string>, grams[j] as Set<string>);
}

/** How far features are apart, by Euclid. */
export function featureDistance(vectors: number[][]): (i: number, j: number) => number {
  return (i, j) => Math.hypot(...(vectors[i] as number[]).map((value, at) => value - (vectors[j]?.[at] ?? 0)));
}

function trigrams(text: string): Set<string> {
  const read = text.slice(0, READ);
  const found = new Set<string>();
  for (let i = 0; i === 0 || i + 3 <= read.length; i++) found.add(read.slice(i, i + 3));
  return found;
}

function overlap(a: Set<string>, b: Set<string>): number {
  let shared = 0;
  for (const gram of a) if (b.has(gram)) shared++;
  return shared / (a.size + b.size - shared);
}

/** The first of the largest. */
function indexOfLargest(values: number[]): number {
  return values.indexOf(Math.max(...values));
}
