/**
 * The header of a safetensors file, read as if it were hostile. Format: u64 LE length of the header, the header (JSON,
 * UTF-8), the data; see https://huggingface.co/docs/safetensors. Stricter than the reference where readers differ.
 */
import { Problem } from './problem.ts';
import { parseStrictJson } from './strict-json.ts';

/** Ours; the reference allows 100 MB. An adapter of a thousand modules needs 0.3 MB. */
export const MAX_HEADER_BYTES = 4 * 1024 * 1024;
export const LENGTH_BYTES = 8;

/** Bytes of one element. */
export const WIDTHS = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 } as const;
export type Dtype = keyof typeof WIDTHS;

/** begin and end count from the start of the data. */
export type Tensor = { name: string; dtype: Dtype; shape: number[]; begin: number; end: number };

/** Length of the header, from the first 8 bytes of a file of `fileBytes`. */
export function headerLength(first: Uint8Array, fileBytes: number): number {
  if (isPickle(first)) throw new Problem('is a pickle or a zip archive, not safetensors');
  const length = new DataView(first.buffer, first.byteOffset, first.byteLength).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) throw new Problem(`declares a header of ${length} bytes, more than 4 MiB`);
  if (length < 2n || LENGTH_BYTES + Number(length) > fileBytes) throw new Problem('ends before its header does');
  return Number(length);
}

/** The tensors in the order of their data, which they tile without a gap from 0 to `dataBytes`. */
export function parseHeader(header: Uint8Array, dataBytes: number): Tensor[] {
  if (header[0] !== 0x7b) throw new Problem('has a header that does not begin with {');
  const entries = Object.entries(readJson(header));
  const tensors = entries.filter(([name]) => name !== '__metadata__').map(([name, entry]) => readTensor(name, entry));
  for (const [name, entry] of entries) if (name === '__metadata__') checkMetadata(entry);
  if (tensors.length === 0) throw new Problem('holds no tensor');

  tensors.sort((a, b) => a.begin - b.begin);
  let at = 0;
  for (const { name, begin, end } of tensors) {
    if (begin < at) throw new Problem(`has tensor ${name} overlapping the one before it`);
    if (begin > at) throw new Problem(`has a gap of ${begin - at} bytes before tensor ${name}`);
    at = end;
  }
  if (at !== dataBytes) throw new Problem(`has ${dataBytes} bytes of data where its header describes ${at}`);
  return tensors;
}

function readJson(header: Uint8Array): object {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
  } catch {
    throw new Problem('has a header that is not UTF-8');
  }
  return parseStrictJson(text, { integers: true }) as object;
}

function readTensor(name: string, entry: unknown): Tensor {
  const { dtype, shape, data_offsets: offsets, ...rest } = isRecord(entry) ? entry : {};
  if (typeof dtype !== 'string' || !Array.isArray(shape) || !Array.isArray(offsets) || Object.keys(rest).length > 0) {
    throw new Problem(`has tensor ${name} without exactly dtype, shape and data_offsets`);
  }
  if (!Object.hasOwn(WIDTHS, dtype)) throw new Problem(`has tensor ${name} of the unknown dtype ${dtype}`);
  const [begin, end] = offsets;
  if (offsets.length !== 2 || ![...shape, begin, end].every(isSize)) {
    throw new Problem(`has tensor ${name} with a shape or offsets that are not sizes`);
  }
  const bytes = shape.reduce((product, size) => product * size, WIDTHS[dtype as Dtype]);
  if (bytes === 0) throw new Problem(`has tensor ${name} without elements`);
  if (end - begin !== bytes) throw new Problem(`has tensor ${name} of ${bytes} bytes at a range of ${end - begin}`);
  return { name, dtype: dtype as Dtype, shape, begin, end };
}

function checkMetadata(entry: unknown): void {
  if (!isRecord(entry) || !Object.values(entry).every((value) => typeof value === 'string')) {
    throw new Problem('has __metadata__ that does not map strings to strings');
  }
}

/** torch.save writes a zip archive; before that, a bare pickle of protocol 2 to 5. */
function isPickle(first: Uint8Array): boolean {
  const zip = first[0] === 0x50 && first[1] === 0x4b && first[2] === 0x03 && first[3] === 0x04;
  return zip || (first[0] === 0x80 && first[1] !== undefined && first[1] >= 2 && first[1] <= 5 && first[7] !== 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Also keeps every product and sum below exact: 95 MB of file end long before 2^53. */
function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
