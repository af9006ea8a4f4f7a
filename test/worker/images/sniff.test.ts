import { describe, expect, it } from 'vitest';
import { sniffImage } from '../../../worker/images/sniff.ts';
import { png } from '../made-image.ts';

const bytes = (...parts: (string | number[])[]) =>
  new Uint8Array(parts.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part, 'latin1')] : part)));

const JPEG = bytes(
  [0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xdb, 0, 3, 9],
  [0xff, 0xc2, 0, 17, 8, 1, 44, 2, 88, 3],
);
const riff = (kind: string, ...rest: number[][]) => bytes('RIFF', [9, 0, 0, 0], 'WEBP', kind, [0, 0, 0, 0], ...rest);

describe('a picture', () => {
  it('is known by its first bytes, with its size', () => {
    expect(sniffImage(png(1, 640, 480))).toEqual({ mediaType: 'image/png', width: 640, height: 480 });
    expect(sniffImage(JPEG)).toEqual({ mediaType: 'image/jpeg', width: 600, height: 300 });
    const lossy = riff('VP8 ', [0, 0, 0, 0x9d, 1, 0x2a, 0x10, 0x40, 0x20, 0]);
    expect(sniffImage(lossy)).toEqual({ mediaType: 'image/webp', width: 16, height: 32 });
    // 14 bits each, less one
    const lossless = riff('VP8L', [0x2f, 99, 0x40, 2, 0]);
    expect(sniffImage(lossless)).toEqual({ mediaType: 'image/webp', width: 100, height: 10 });
    const extended = riff('VP8X', [0, 0, 0, 0, 0x0f, 0, 1, 9, 0, 0]);
    expect(sniffImage(extended)).toEqual({ mediaType: 'image/webp', width: 65_552, height: 10 });
  });

  it('is nothing else, and never a broken or an empty one', () => {
    for (const file of [
      bytes('GIF89a'),
      bytes('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      bytes('%PDF-1.7'),
      bytes(),
    ]) {
      expect(sniffImage(file)).toBeNull();
    }
    expect(sniffImage(png(1, 0, 5))).toBeNull();
    expect(sniffImage(bytes([0xff, 0xd8, 0xff, 0xd9]))).toBeNull();
    expect(sniffImage(bytes([0xff, 0xd8, 0xff, 0xe0, 0, 1]))).toBeNull();
    expect(sniffImage(riff('VP9 ', [0, 0, 0]))).toBeNull();
  });

  it('is refused quietly wherever it is cut', () => {
    for (const whole of [png(1, 640, 480).slice(0, 24), JPEG.slice(0, -1), riff('VP8L', [0x2f, 99, 0x40, 2, 0])]) {
      for (let end = 0; end < whole.length; end++) expect(sniffImage(whole.slice(0, end))).toBeNull();
    }
  });
});
