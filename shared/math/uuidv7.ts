/** Ids that sort by time (RFC 9562, version 7): inserts stay at the end of the index, and that is what keeps them cheap. */
import { toHex } from './hex.ts';

let lastTime = 0;
let sequence = 0;

/**
 * A UUIDv7 for `time` (Unix milliseconds). Ids of one process never go backwards: within a millisecond the 12 bits
 * after the version count up from a random start below 2048, and a clock that steps back keeps the last time.
 */
export function uuidv7(time: number = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  if (time > lastTime) {
    lastTime = time;
    sequence = (((bytes[6] ?? 0) << 8) | (bytes[7] ?? 0)) & 0x7ff;
  } else if (++sequence > 0xfff) {
    lastTime += 1;
    sequence = 0;
  }
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(lastTime / 2 ** 16));
  view.setUint16(4, lastTime % 2 ** 16);
  view.setUint16(6, 0x7000 | sequence);
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
  const hex = toHex(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The Unix milliseconds inside a UUIDv7, or null for an id of another form. */
export function uuidv7Time(id: string): number | null {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7/.test(id)) return null;
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
