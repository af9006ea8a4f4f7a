import { expect, it } from 'vitest';
import { seededRandom } from '../../../shared/math/random.ts';
import { sha256Hex } from '../../../shared/math/record-id.ts';
import { sha256Text } from '../../../shared/math/sha256.ts';

it('gives the digests of FIPS 180-4', () => {
  expect(sha256Text('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(sha256Text('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

it('agrees with Web Crypto at every length around a block, in any script, and for large texts', async () => {
  const random = seededRandom(4);
  const texts = Array.from({ length: 200 }, (_, n) => 'x'.repeat(n));
  texts.push('é'.repeat(33), '日本語'.repeat(500), '🙂'.repeat(1000), 'a'.repeat(1_000_003));
  for (let i = 0; i < 100; i += 1) {
    texts.push(
      Array.from({ length: random() * 300 }, () => String.fromCodePoint(1 + Math.floor(random() * 0xd000))).join(''),
    );
  }
  for (const text of texts) expect(sha256Text(text)).toBe(await sha256Hex(text));
});
