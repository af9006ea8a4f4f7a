import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../shared/math/canonical-json.ts';
import { bodyHash, recordId, sha256Hex } from '../../../shared/math/record-id.ts';
import vectors from '../../../shared/vectors/canonical-json.json' with { type: 'json' };

describe('canonical JSON', () => {
  it.each(vectors.cases)('of the vector $json', async ({ value, json, sha256 }) => {
    expect(canonicalJson(value)).toBe(json);
    expect(await bodyHash(value)).toBe(sha256);
    expect(await recordId(value)).toBe(`h${sha256.slice(0, 40)}`);
  });

  it('does not depend on the order in which members were written', () => {
    expect(canonicalJson({ a: 1, b: { d: 2, c: 3 } })).toBe(canonicalJson({ b: { c: 3, d: 2 }, a: 1 }));
  });

  it('keeps the order of lists', () => {
    expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
  });

  it('leaves out members that are undefined, as JSON does', () => {
    expect(canonicalJson({ a: undefined, b: null })).toBe('{"b":null}');
  });

  it('sorts by UTF-16 code units, and prints numbers as ECMAScript does', () => {
    expect(canonicalJson({ '\u{1F600}': 1, '\uFB33': 2 })).toBe('{"\u{1F600}":1,"\uFB33":2}');
    expect(canonicalJson([1e21, 1e-7, -0, 100, 0.1 + 0.2])).toBe('[1e+21,1e-7,0,100,0.30000000000000004]');
  });

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], [() => 0], [10n], ['\ud800'], [{ '\udc00': 1 }], [[undefined]]])(
    'refuses what JSON cannot hold',
    (value) => {
      expect(() => canonicalJson(value)).toThrow(TypeError);
    },
  );
});

describe('sha256Hex', () => {
  it('hashes a text by its UTF-8 bytes', async () => {
    expect(await sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(await sha256Hex(new Uint8Array([97, 98, 99]))).toBe(await sha256Hex('abc'));
  });
});
