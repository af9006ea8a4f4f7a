/** Checks a file while its bytes go by: what it takes of memory is its header, however large the file. */
import type { AdapterFileName } from '../../shared/contracts/adapter.ts';
import { checkOnnx, MAX_ONNX_BYTES } from '../encoder/onnx-check.ts';
import { finiteScan } from './finite-scan.ts';
import { userAttentionFacts } from './image-adapter.ts';
import { configFacts, loraFacts } from './lora.ts';
import { Problem, refuse } from './problem.ts';
import { headerLength, LENGTH_BYTES, parseHeader, type Tensor } from './safetensors.ts';
import { parseStrictJson } from './strict-json.ts';

export type Facts = Record<string, unknown>;

/** Both throw ApiError `adapter_invalid`, of an encoder's file `encoder_invalid`; `end` gives what is to be kept of the file. */
export type FileCheck = { push: (chunk: Uint8Array) => void; end: () => Facts };

const MAX_CONFIG_BYTES = 1_000_000;

/** A check of the file `name`, which the sender says has `bytes` bytes. */
export function checkFile(name: AdapterFileName, bytes: number): FileCheck {
  const check = openCheck(name, bytes);
  let seen = 0;
  return {
    push(chunk) {
      seen += chunk.length;
      if (seen > bytes) refuse(name, `is longer than the ${bytes} bytes announced`);
      explain(name, () => check.push(chunk));
    },
    end() {
      if (seen < bytes) refuse(name, `ends after ${seen} of ${bytes} bytes`);
      return explain(name, check.end);
    },
  };
}

function openCheck(name: AdapterFileName, bytes: number): FileCheck {
  if (name === 'adapter_config.json') return checkConfig(bytes);
  if (name === 'encoder.onnx') return checkNetwork(bytes);
  return checkTensors(bytes, READERS[name] ?? null);
}

/** What is kept of tensors that are served, whose values are scanned; the runner scans its own state. */
const READERS: Partial<Record<AdapterFileName, (tensors: readonly Tensor[]) => Facts>> = {
  'adapter_model.safetensors': (tensors) => loraFacts(tensors),
  'pytorch_lora_weights.safetensors': (tensors) => loraFacts(tensors, 'diffusers'),
  'user_attention.safetensors': userAttentionFacts,
  'encoder.safetensors': (tensors) => ({ tensors: tensors.length }),
};

function checkNetwork(bytes: number): FileCheck {
  const file = collector();
  return {
    push(chunk) {
      if (bytes > MAX_ONNX_BYTES) throw new Problem(`is larger than ${MAX_ONNX_BYTES / 1e6} MB`);
      file.add(chunk);
    },
    end: () => checkOnnx(file.bytes()),
  };
}

/** A header, then data. */
function checkTensors(bytes: number, read: ((tensors: readonly Tensor[]) => Facts) | null): FileCheck {
  const head = collector();
  let wanted = LENGTH_BYTES;
  let scan: ((chunk: Uint8Array) => string | null) | null = null;
  let facts: Facts = {};

  function scanData(data: Uint8Array): void {
    const tensor = read ? scan?.(data) : null;
    if (tensor) throw new Problem(`has a value in tensor ${tensor} that is not finite`);
  }

  function readHead(): void {
    if (wanted === LENGTH_BYTES) wanted += headerLength(head.bytes(), bytes);
    if (head.length() < wanted) return;
    const all = head.bytes();
    const tensors = parseHeader(all.subarray(LENGTH_BYTES, wanted), bytes - wanted);
    facts = read ? read(tensors) : { tensors: tensors.length };
    scan = finiteScan(tensors);
    scanData(all.subarray(wanted));
  }

  return {
    push(chunk) {
      if (scan) return scanData(chunk);
      head.add(chunk);
      if (head.length() >= wanted) readHead();
    },
    end() {
      if (!scan) throw new Problem('ends before its header does');
      return facts;
    },
  };
}

function checkConfig(bytes: number): FileCheck {
  if (bytes > MAX_CONFIG_BYTES) refuse('adapter_config.json', 'is larger than 1 MB');
  const body = collector();
  return {
    push: body.add,
    end: () => configFacts(parseStrictJson(decode(body.bytes()))),
  };
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Problem('is not UTF-8');
  }
}

/** Chunks, joined when they are looked at. */
function collector() {
  let chunks: Uint8Array[] = [];
  let length = 0;
  return {
    length: () => length,
    add(chunk: Uint8Array): void {
      chunks.push(chunk);
      length += chunk.length;
    },
    bytes(): Uint8Array {
      const joined = new Uint8Array(length);
      let at = 0;
      for (const chunk of chunks) {
        joined.set(chunk, at);
        at += chunk.length;
      }
      chunks = [joined];
      return joined;
    },
  };
}

function explain<T>(name: AdapterFileName, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof Problem) refuse(name, error.message);
    throw error;
  }
}
