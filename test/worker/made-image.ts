/** Pictures made up for tests: PNGs of one colour, each of another one. */
import { crc32, deflateSync } from 'node:zlib';
import type { TestEdge } from './hosts.ts';
import { sha256 } from './made-adapter.ts';

let made = 0;

/** The hash of a picture that the edge has. */
export async function makePixel(edge: TestEdge, bearer: string): Promise<string> {
  made += 1;
  const bytes = png(made);
  const hash = await sha256(bytes);
  const { status } = await putImage(edge, bearer, hash, bytes);
  if (status !== 201) throw new Error(`the picture was not taken: ${status}`);
  return hash;
}

export function putImage(edge: TestEdge, bearer: string, hash: string, bytes: Uint8Array<ArrayBuffer>) {
  return edge.call('PUT', `/v1/images/${hash}`, { bearer, raw: bytes, headers: { 'content-type': 'image/png' } });
}

/** A PNG of width × height pixels, as its header says; its data has one. */
export function png(colour: number, width = 1, height = 1): Uint8Array<ArrayBuffer> {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const pixels = deflateSync(Buffer.from([0, colour & 255, (colour >> 8) & 255, (colour >> 16) & 255]));
  const parts = [chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.of())];
  return new Uint8Array(Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), ...parts]));
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const sizes = Buffer.alloc(8);
  sizes.writeUInt32BE(data.length, 0);
  sizes.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([sizes.subarray(0, 4), body, sizes.subarray(4)]);
}
