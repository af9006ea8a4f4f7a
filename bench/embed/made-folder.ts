/** A set encoder of real size with weights from a seed: what a run costs depends on shapes, not on what weights know. */
import { createHash } from 'node:crypto';
import type { EncoderFolder } from '../../shared/cli/encoder-folder.ts';
import { EncoderInput } from '../../shared/contracts/encoder.ts';
import { makeNetwork } from '../../test/worker/encoder/made-network.ts';

const SHAPE = { features: 256, hidden: 256, tokens: 4, width: 32 };

const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex');

export function makeFolder(domain: string): EncoderFolder {
  const { bytes, prior } = makeNetwork(0, SHAPE);
  const file = { name: 'encoder.onnx' as const, sha256: sha256(bytes), bytes };
  const input = EncoderInput.parse({
    ...{ kind: 'set', domain, space: sha256('bench'), featureSize: SHAPE.features, tokens: SHAPE.tokens },
    ...{ width: SHAPE.width, prior, priorUncertainty: 1, sha: sha256(`${file.sha256}  ${file.name}\n`) },
    files: [{ ...file, bytes: bytes.length }],
  });
  return { input, files: [file] };
}
