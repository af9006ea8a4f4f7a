/** Takes in an upload: checked while it streams into the bucket, kept only when the check and its hash agree. */
import type { R2Bucket } from '@cloudflare/workers-types';
import type { AdapterFile } from '../../shared/contracts/adapter.ts';
import { ApiError } from '../access/api-error.ts';
import { checkFile, type Facts } from './check-file.ts';

type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;
type Checked = { body: Bytes; facts: () => Facts | null; refusal: () => unknown; drain: () => Promise<void> };

/** Where the bytes of a file lie. */
export function fileKey(project: string, sha256: string): string {
  return `files/${project}/${sha256}`;
}

/** What was learnt of the file. Throws ApiError `adapter_invalid` or `hash_mismatch`; then nothing is kept. */
export async function receiveFile(bucket: R2Bucket, project: string, file: AdapterFile, body: Bytes): Promise<Facts> {
  const checked = checkStream(file, body);
  try {
    const stream = withLength(checked.body, file.bytes);
    await bucket.put(fileKey(project, file.sha256), stream as never, { sha256: file.sha256 });
  } catch (error) {
    // Not reading on would break the connection under a client that is still sending, before it sees the answer.
    await checked.drain().catch(() => {});
    if (checked.refusal()) throw checked.refusal();
    if (!/checksum/i.test(String(error))) throw error;
    throw new ApiError('hash_mismatch', `${file.name} does not have the hash ${file.sha256}.`);
  }
  const facts = checked.facts();
  if (!facts) throw new ApiError('adapter_invalid', `${file.name} was not received whole.`);
  return facts;
}

/** The same bytes. The last ones are passed on when all are known to be right: a bucket that has them all keeps them. */
function checkStream(file: AdapterFile, body: Bytes): Checked {
  const reader = body.getReader();
  const check = checkFile(file.name, file.bytes);
  let seen = 0;
  let facts: Facts | null = null;
  let refusal: unknown = null;

  async function pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    try {
      const { value } = await received();
      if (value) check.push(value);
      seen += value?.length ?? 0;
      if (!value || seen === file.bytes) facts ??= check.end();
      if (value) controller.enqueue(value);
      else controller.close();
    } catch (error) {
      refusal = error;
      throw error;
    }
  }

  async function received() {
    try {
      return await reader.read();
    } catch {
      throw new ApiError('adapter_invalid', `${file.name} broke off after ${seen} of ${file.bytes} bytes.`);
    }
  }

  async function drain(): Promise<void> {
    while (!(await reader.read()).done);
  }

  return { body: new ReadableStream({ pull }), facts: () => facts, refusal: () => refusal, drain };
}

/** workerd's R2 takes a stream only when it knows its length; other hosts have no such class, and no such wish. */
function withLength(body: Bytes, bytes: number): Bytes {
  const { FixedLengthStream } = globalThis as { FixedLengthStream?: new (length: number) => TransformStream };
  return FixedLengthStream ? (body.pipeThrough(new FixedLengthStream(bytes)) as Bytes) : body;
}
