/** How counts, hashes and lists are said wherever people read them. */

const grouped = new Intl.NumberFormat('en');

export const count = (value: number) => grouped.format(value);

export const plural = (value: number, one: string, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

export const votes = (value: number) => plural(value, 'vote');

/** An adapter by the first of its hash. */
export const short = (sha: string | null) => (sha === null ? 'the base' : sha.slice(0, 8));

export const fixed = (value: number, digits = 2) => value.toFixed(digits).replace('-', '−');

export const signed = (value: number, digits = 2) => `${value > 0 ? '+' : ''}${fixed(value, digits)}`;

export function list(items: string[]): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}
