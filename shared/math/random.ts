/** A source of uniform numbers in [0, 1). */
export type Random = () => number;

/**
 * A seeded generator: xoshiro128** (Blackman & Vigna 2018) with its state filled by splitmix32, 32 bits a draw.
 * The same seed gives the same sequence on every engine. Not for secrets.
 */
export function seededRandom(seed: number): Random {
  let mixed = seed >>> 0;
  const splitmix = () => {
    mixed = (mixed + 0x9e3779b9) | 0;
    let z = mixed ^ (mixed >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
  let [a, b, c, d] = [splitmix(), splitmix(), splitmix(), splitmix()];
  return () => {
    const scrambled = Math.imul(b, 5);
    const output = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return output / 2 ** 32;
  };
}
