/**
 * SHA-256 (FIPS 180-4) without a promise. Web Crypto hops to another thread for every digest (20 to 70 µs on Node and
 * Deno); of short texts, as a bulk of votes has them by the thousand, this makes one in about a microsecond.
 */
import { toHex } from './hex.ts';

const utf8 = new TextEncoder();
const [INITIAL, ROUND] = constants();
const schedule = new Int32Array(64);
let message = new Uint8Array(1 << 16);

/** The 32 bytes of the digest of a text's UTF-8 bytes. */
export function sha256(text: string): Uint8Array<ArrayBuffer> {
  const length = pad(text);
  const view = new DataView(message.buffer);
  const hash = INITIAL.slice();
  for (let at = 0; at < length; at += 64) {
    expand(view, at);
    compress(hash);
  }
  const digest = new DataView(hash.buffer);
  // Words are big-endian in the digest, and in memory as the machine has them.
  for (let i = 0; i < 8; i += 1) digest.setInt32(4 * i, hash[i] as number);
  return new Uint8Array(hash.buffer);
}

/** The digest in lower-case hex. */
export function sha256Text(text: string): string {
  return toHex(sha256(text));
}

/** Writes the text, a one bit, zeros and the length in bits; returns the padded length, a multiple of 64. */
function pad(text: string): number {
  const most = 3 * text.length + 72;
  if (message.length < most) message = new Uint8Array(most);
  const { written } = utf8.encodeInto(text, message);
  const padded = 64 * (((written + 8) >> 6) + 1);
  message.fill(0, written, padded);
  message[written] = 0x80;
  const view = new DataView(message.buffer);
  view.setUint32(padded - 8, Math.floor(written / 2 ** 29));
  view.setUint32(padded - 4, (written << 3) >>> 0);
  return padded;
}

/* biome-ignore-start lint/style/noNonNullAssertion: indices are below the arrays' fixed lengths, and this loop is hot. */
function expand(view: DataView, at: number): void {
  const w = schedule;
  for (let t = 0; t < 16; t += 1) w[t] = view.getInt32(at + 4 * t);
  for (let t = 16; t < 64; t += 1) {
    const x = w[t - 15]!;
    const y = w[t - 2]!;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[t] = (w[t - 16]! + s0 + w[t - 7]! + s1) | 0;
  }
}

function compress(hash: Int32Array): void {
  let a = hash[0]!;
  let b = hash[1]!;
  let c = hash[2]!;
  let d = hash[3]!;
  let e = hash[4]!;
  let f = hash[5]!;
  let g = hash[6]!;
  let h = hash[7]!;
  for (let t = 0; t < 64; t += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[t]! + schedule[t]!) | 0;
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  hash[0]! += a;
  hash[1]! += b;
  hash[2]! += c;
  hash[3]! += d;
  hash[4]! += e;
  hash[5]! += f;
  hash[6]! += g;
  hash[7]! += h;
}
/* biome-ignore-end lint/style/noNonNullAssertion: the hot part ends */

/** First 32 bits of the fractions of the square roots of the first 8 primes, and of the cube roots of the first 64. */
function constants(): [Int32Array, Int32Array] {
  const primes: number[] = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  const fraction = (root: number) => (root % 1) * 2 ** 32;
  return [
    Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime))),
    Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime))),
  ];
}
