/** What a file's first bytes say it is. No pixel is decoded: what is asked is whether it is a picture, and how large. */
import type { MediaType } from '../../shared/contracts/image.ts';

export type Sniffed = { mediaType: MediaType; width: number; height: number };

/** null = no PNG, JPEG or WebP, or one whose header is broken. */
export function sniffImage(bytes: Uint8Array): Sniffed | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const found = readPng(view) ?? readJpeg(view) ?? readWebp(view);
    return found && found.width > 0 && found.height > 0 ? found : null;
  } catch (error) {
    // A header that ends too early.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

const PNG_SIGNATURE = 0x89504e47;
const PNG_SIGNATURE_END = 0x0d0a1a0a;

function readPng(view: DataView): Sniffed | null {
  if (view.getUint32(0) !== PNG_SIGNATURE || view.getUint32(4) !== PNG_SIGNATURE_END) return null;
  if (view.getUint32(8) !== 13 || text(view, 12) !== 'IHDR') return null;
  return { mediaType: 'image/png', width: view.getUint32(16), height: view.getUint32(20) };
}

/** Segments, up to the one that says how large the frame is. */
function readJpeg(view: DataView): Sniffed | null {
  if (view.getUint16(0) !== 0xffd8) return null;
  for (let at = 2; ; ) {
    if (view.getUint8(at) !== 0xff) return null;
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1; // a fill byte
      continue;
    }
    if (isFrame(marker))
      return { mediaType: 'image/jpeg', height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    const hasLength = marker !== 0x01 && !(marker >= 0xd0 && marker <= 0xd9);
    const length = hasLength ? view.getUint16(at + 2) : 0;
    if (marker === 0xda || marker === 0xd9 || (hasLength && length < 2)) return null;
    at += 2 + length;
  }
}

/** SOF0 to SOF15, without the tables that stand among them. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function readWebp(view: DataView): Sniffed | null {
  if (text(view, 0) !== 'RIFF' || text(view, 8) !== 'WEBP') return null;
  const size = (width: number, height: number): Sniffed => ({ mediaType: 'image/webp', width, height });
  switch (text(view, 12)) {
    case 'VP8 ':
      if (view.getUint8(23) !== 0x9d || view.getUint8(24) !== 0x01 || view.getUint8(25) !== 0x2a) return null;
      return size(view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff);
    case 'VP8L': {
      if (view.getUint8(20) !== 0x2f) return null;
      const packed = view.getUint32(21, true);
      return size((packed & 0x3fff) + 1, ((packed >>> 14) & 0x3fff) + 1);
    }
    case 'VP8X':
      return size(1 + three(view, 24), 1 + three(view, 27));
    default:
      return null;
  }
}

function three(view: DataView, at: number): number {
  return view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
}

function text(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
}
