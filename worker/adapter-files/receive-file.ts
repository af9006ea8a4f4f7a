/** Takes in an upload: checked while it streams into the bucket, kept only when the check and its hash agree. */
import type { R2Bucket } from '@cloudflare/workers-types';
import type { AdapterFile } from '../../shared/contracts/adapter.ts';
import { ApiError } from '../access/api-error.ts';
import { checkFile, type Facts } from './check-file.ts';

type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

/** Where the bytes of a file lie. */
export function fileKey(project: string, sha256: string): string {
  return `files/${project}/${sha256}`;
}

/** What was learnt of the file. Throws ApiError `adapter_invalid` or `hash_mismatch`; then nothing is kept. */
export async function receiveFile(bucket: R2Bucket, project: string, file: AdapterFile, body: Bytes): Promise<Facts> {
  const check = checkFile(file.name, file.bytes);
  const result: { facts?: Facts; refused?: unknown } = {};
  const refusing = <T>(step: () => T): T => {
    try {
      return step();
    } catch (error) {
      result.refused = error;
      throw error;
    }
  };
  const checked = body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        refusing(() => check.push(chunk));
        controller.enqueue(chunk);
      },
      flush() {
        result.facts = refusing(check.end);
      },
    }),
  );
  try {
    await bucket.put(fileKey(project, file.sha256), withLength(checked, file.bytes) as never, { sha256: file.sha256 });
  } catch (error) {
    if (result.refused) throw result.refused;
    if (/checksum/i.test(String(error)))
      throw new ApiError('hash_mismatch', `${file.name} does not have the hash ${file.sha256}.`);
    throw error;
  }
  if (!result.facts) throw new ApiError('adapter_invalid', `${file.name} was not received whole.`);
  return result.facts;
}

/** workerd's R2 takes a stream only when it knows its length; other hosts have no such class, and no such wish. */
function withLength(body: Bytes, bytes: number): Bytes {
  const { FixedLengthStream } = globalThis as { FixedLengthStream?: new (length: number) => TransformStream };
  return FixedLengthStream ? (body.pipeThrough(new FixedLengthStream(bytes)) as Bytes) : body;
}
