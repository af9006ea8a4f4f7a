import { describe, expect, it } from 'vitest';
import type { AdapterFileName } from '../../../shared/contracts/adapter.ts';
import { seededRandom } from '../../../shared/math/random.ts';
import { checkFile } from '../../../worker/adapter-files/check-file.ts';
import { ConfigFacts, LoraFacts, mismatch } from '../../../worker/adapter-files/lora.ts';
import { manifestSha, manifestText } from '../../../worker/adapter-files/manifest.ts';
import { adapterConfig, floats, loraTensors, MODULES, safetensorsFile, withHeader } from './safetensors-file.ts';

const MODEL = 'adapter_model.safetensors';

/** Facts of the file, sent in chunks of `size` bytes. */
function check(name: AdapterFileName, bytes: Uint8Array, { size = 65536, announced = bytes.length } = {}) {
  const file = checkFile(name, announced);
  for (let at = 0; at < bytes.length; at += size) file.push(bytes.subarray(at, at + size));
  return file.end();
}

function refusal(run: () => unknown): { code: string; message: string } {
  try {
    run();
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('was accepted');
}

/** The message with which a file is turned away. */
function problem(name: AdapterFileName, bytes: Uint8Array): string {
  const { code, message } = refusal(() => check(name, bytes));
  expect(code).toBe('adapter_invalid');
  return message;
}

const lora = loraTensors(MODULES);
const [firstName] = Object.keys(lora) as [string];
const utf8 = (text: string) => new TextEncoder().encode(text);

describe('an adapter as PEFT writes it', () => {
  it.each(['F32', 'F16', 'BF16'] as const)('is accepted in %s, however the bytes are cut', (dtype) => {
    const bytes = safetensorsFile(loraTensors(MODULES, { dtype }));
    const facts = check(MODEL, bytes);
    expect(facts).toEqual({
      rank: 4,
      tensors: 6,
      parameters: 6 * 32,
      modules: ['model.layers.*.mlp.down_proj', 'model.layers.*.self_attn.q_proj'],
    });
    for (const size of [1, 3, 7, 8, 9, 1000]) expect(check(MODEL, bytes, { size })).toEqual(facts);
  });

  it('may adapt embeddings', () => {
    const tensors = {
      'base_model.model.model.embed_tokens.lora_embedding_A': {
        dtype: 'F32',
        shape: [2, 3],
        data: floats('F32', [1, 2, 3, 4, 5, 6]),
      },
      'base_model.model.model.embed_tokens.lora_embedding_B': {
        dtype: 'F32',
        shape: [1, 2],
        data: floats('F32', [1, 2]),
      },
    };
    expect(check(MODEL, safetensorsFile(tensors))).toMatchObject({ rank: 2, modules: ['model.embed_tokens'] });
  });

  it('may have a header padded with spaces, and tensors listed in another order than stored', () => {
    const reordered = (header: string) => {
      const { __metadata__, ...tensors } = JSON.parse(header);
      return `${JSON.stringify({ ...Object.fromEntries(Object.entries(tensors).reverse()), __metadata__ })}   `;
    };
    expect(check(MODEL, safetensorsFile(lora, { edit: reordered }))).toMatchObject({ rank: 4, tensors: 6 });
  });
});

describe('a safetensors file is refused', () => {
  const good = safetensorsFile(lora);
  const edited = (edit: (header: string) => string) => safetensorsFile(lora, { edit });
  const altered = (change: (header: Record<string, { [key: string]: unknown }>) => void) =>
    edited((text) => {
      const header = JSON.parse(text);
      change(header);
      return JSON.stringify(header);
    });
  const entry = (header: Record<string, { [key: string]: unknown }>) => header[firstName] as { [key: string]: unknown };

  it.each<[string, RegExp, Uint8Array]>([
    ['a zip archive of torch.save', /pickle/, Uint8Array.from([0x50, 0x4b, 3, 4, ...good])],
    ['a pickle', /pickle/, Uint8Array.from([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, ...good])],
    ['an empty file', /ends before its header/, new Uint8Array(0)],
    ['a file of five bytes', /ends before its header/, good.subarray(0, 5)],
    ['a header longer than the file', /ends before its header/, good.subarray(0, 60)],
    ['a header longer than 4 MiB', /4 MiB/, withHeader(new Uint8Array(8), [], 4 * 1024 * 1024 + 1)],
    ['a header length beyond 2^53', /4 MiB/, Uint8Array.from([9, 0, 0, 0, 0, 0, 0, 0xff, ...good])],
    ['truncated data', /bytes of data/, good.subarray(0, good.length - 1)],
    ['bytes after the data', /bytes of data/, Uint8Array.from([...good, 0])],
    ['a header that begins with a space', /begin with \{/, edited((header) => ` ${header}`)],
    ['a header that is a list', /begin with \{/, withHeader(utf8('[]'), [])],
    ['a header that is not JSON', /not valid JSON/, edited((header) => header.slice(0, -1))],
    ['a header that is not UTF-8', /UTF-8/, withHeader(Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), [])],
    [
      'the same tensor twice',
      /twice/,
      edited((header) => header.replace('{', `{"${firstName}":{"dtype":"U8","shape":[64],"data_offsets":[0,64]},`)),
    ],
    [
      'the same tensor twice, once with an escape',
      /twice/,
      edited((header) =>
        header.replace('{', `{"\\u0062${firstName.slice(1)}":{"dtype":"U8","shape":[64],"data_offsets":[0,64]},`),
      ),
    ],
    [
      'the same key twice inside a tensor',
      /twice/,
      edited((header) => header.replace('"dtype"', '"dtype":"U8","dtype"')),
    ],
    ['__metadata__ twice', /twice/, edited((header) => header.replace('{', '{"__metadata__":{"a":"b"},'))],
    ['metadata that is not text', /strings to strings/, safetensorsFile(lora, { metadata: { step: 3 } })],
    ['metadata that is a list', /strings to strings/, safetensorsFile(lora, { metadata: ['pt'] })],
    ['an unknown dtype', /dtype F8_E4M3/, altered((header) => Object.assign(entry(header), { dtype: 'F8_E4M3' }))],
    [
      'a dtype named like a method',
      /dtype toString/,
      altered((header) => Object.assign(entry(header), { dtype: 'toString' })),
    ],
    ['an unknown field', /exactly/, altered((header) => Object.assign(entry(header), { strides: [1] }))],
    ['a missing field', /exactly/, altered((header) => Reflect.deleteProperty(entry(header), 'shape'))],
    [
      'a shape that does not fill the range',
      /range/,
      altered((header) => Object.assign(entry(header), { shape: [4, 9] })),
    ],
    ['a negative size', /plain integers/, altered((header) => Object.assign(entry(header), { shape: [-4, -8] }))],
    ['a fraction', /plain integers/, edited((header) => header.replace('"shape":[4,8]', '"shape":[4.0,8]'))],
    [
      'a size beyond 2^53',
      /not sizes/,
      edited((header) => header.replace('"shape":[4,8]', '"shape":[99999999999999999999,8]')),
    ],
    [
      'sizes whose product overflows',
      /range/,
      edited((header) => header.replace('"shape":[4,8]', '"shape":[4503599627370496,4503599627370496]')),
    ],
    ['three offsets', /not sizes/, altered((header) => Object.assign(entry(header), { data_offsets: [0, 64, 64] }))],
    [
      'a tensor without elements',
      /without elements/,
      altered((header) => Object.assign(header, { x: { dtype: 'F32', shape: [0, 4], data_offsets: [0, 0] } })),
    ],
    [
      'overlapping tensors',
      /overlapping/,
      altered((header) => Object.assign(header, { x: { dtype: 'U8', shape: [8], data_offsets: [60, 68] } })),
    ],
    [
      'two tensors over the same bytes',
      /overlapping/,
      altered((header) => Object.assign(header, { x: { ...entry(header) } })),
    ],
    [
      'a gap',
      /gap/,
      safetensorsFile(
        { ...lora, [firstName]: { dtype: 'BF16', shape: [4, 8], data: new Uint8Array(66) } },
        { edit: (header) => header.replace('[0,66]', '[0,64]') },
      ),
    ],
    ['no tensor at all', /no tensor/, safetensorsFile({})],
  ])('%s', (_, message, bytes) => {
    expect(problem(MODEL, bytes)).toMatch(message);
  });

  it('with fewer or more bytes than announced', () => {
    expect(refusal(() => check(MODEL, good.subarray(0, 100), { announced: good.length })).message).toMatch(
      /ends after 100/,
    );
    expect(refusal(() => check(MODEL, good, { announced: good.length - 1 })).code).toBe('adapter_invalid');
  });
});

describe('weights are refused', () => {
  const weights = (change: Partial<ReturnType<typeof loraTensors>[string]>, name = firstName) =>
    safetensorsFile({
      ...lora,
      [name]: { ...(lora[firstName] as { dtype: string; shape: number[]; data: Uint8Array }), ...change },
    });
  const rank5 = { dtype: 'BF16', shape: [5, 8], data: floats('BF16', new Array(40).fill(1)) };

  it.each<[string, RegExp, Uint8Array]>([
    ['a full weight', /which no LoRA has/, weights({}, 'base_model.model.lm_head.weight')],
    ['a name outside of base_model.model', /which no LoRA has/, weights({}, 'model.layers.0.q_proj.lora_A.weight')],
    ['a name with a path in it', /which no LoRA has/, weights({}, 'base_model.model.../x.lora_A.weight')],
    ['a named adapter', /which no LoRA has/, weights({}, 'base_model.model.q_proj.lora_A.default.weight')],
    ['integers', /F32, F16 or BF16/, weights({ dtype: 'I16' })],
    ['a vector', /not a matrix/, weights({ shape: [32] })],
    ['two ranks', /mixes the ranks/, weights(rank5)],
    ['an A without its B', /only one of/, weights({}, 'base_model.model.model.layers.7.q_proj.lora_A.weight')],
  ])('%s', (_, message, bytes) => {
    expect(problem(MODEL, bytes)).toMatch(message);
  });

  it.each(['F32', 'F16', 'BF16'] as const)('NaN and infinity anywhere in %s, however the bytes are cut', (dtype) => {
    const names = Object.keys(lora);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const at of [0, 17, 31]) {
        const tensors = loraTensors(MODULES, { dtype });
        const name = names[at % names.length] as string;
        const values = Array.from({ length: 32 }, (_, i) => (i === at ? bad : 65504));
        tensors[name] = { dtype, shape: tensors[name]?.shape ?? [], data: floats(dtype, values) };
        const bytes = safetensorsFile(tensors);
        for (const size of [1, 2, 3, 5, 4096]) {
          const { message } = refusal(() => check(MODEL, bytes, { size }));
          expect(message).toContain(`tensor ${name} that is not finite`);
        }
      }
    }
  });

  it('but not the largest finite numbers, nor the smallest', () => {
    const extremes = {
      F32: [3.4028234663852886e38, 1e-45],
      F16: [65504, 6e-8],
      BF16: [3.3895313892515355e38, 1e-40],
    } as const;
    for (const dtype of ['F32', 'F16', 'BF16'] as const) {
      const tensors = loraTensors(MODULES, { dtype });
      const values = Array.from({ length: 32 }, (_, i) => (extremes[dtype][i % 2] ?? 0) * (i % 3 === 0 ? -1 : 1));
      tensors[firstName] = { dtype, shape: [4, 8], data: floats(dtype, values) };
      expect(check(MODEL, safetensorsFile(tensors))).toMatchObject({ rank: 4 });
    }
  });
});

describe('the state of a runner', () => {
  const STATE = 'state.safetensors';
  it('has names and dtypes of its own, and its values are the runner’s business', () => {
    const tensors = {
      step: { dtype: 'I64', shape: [], data: new Uint8Array(8) },
      'adam.exp_avg': { dtype: 'F32', shape: [2], data: floats('F32', [Number.NaN, 1]) },
      random: { dtype: 'U8', shape: [3], data: Uint8Array.from([1, 2, 3]) },
    };
    expect(check(STATE, safetensorsFile(tensors))).toEqual({ tensors: 3 });
  });

  it('is held to the same header', () => {
    expect(problem(STATE, safetensorsFile(lora).subarray(0, -1))).toMatch(/bytes of data/);
  });
});

describe('a configuration', () => {
  const CONFIG = 'adapter_config.json';
  it('is that of a plain LoRA', () => {
    expect(check(CONFIG, adapterConfig(), { size: 5 })).toEqual({
      rank: 4,
      alpha: 8,
      targets: ['q_proj', 'down_proj'],
    });
    expect(check(CONFIG, adapterConfig({ target_modules: 'all-linear' }))).toMatchObject({ targets: null });
  });

  it.each<[string, Record<string, unknown>]>([
    ['peft_type', { peft_type: 'IA3' }],
    ['r', { r: 0 }],
    ['modules_to_save', { modules_to_save: ['lm_head'] }],
    ['bias', { bias: 'all' }],
    ['use_dora', { use_dora: true }],
    ['rank_pattern', { rank_pattern: { q_proj: 2 } }],
    ['target_modules', { target_modules: undefined }],
  ])('is refused for its %s', (field, rest) => {
    expect(problem(CONFIG, adapterConfig(rest))).toContain(field);
  });

  it('is refused when it is not JSON, not UTF-8, or names a key twice', () => {
    expect(problem(CONFIG, utf8('{"r":4'))).toMatch(/valid JSON/);
    expect(problem(CONFIG, Uint8Array.from([0xff]))).toMatch(/UTF-8/);
    expect(problem(CONFIG, utf8(new TextDecoder().decode(adapterConfig()).replace('{', '{"r":400,')))).toMatch(
      /"r" twice/,
    );
    expect(problem(CONFIG, utf8('null'))).toMatch(/not accepted/);
  });
});

describe('weights and configuration together', () => {
  const facts = LoraFacts.parse(check(MODEL, safetensorsFile(lora)));
  const config = (rest: Record<string, unknown>) =>
    ConfigFacts.parse(check('adapter_config.json', adapterConfig(rest)));

  it('speak of the same rank and modules', () => {
    expect(mismatch(facts, config({}))).toBeNull();
    expect(mismatch(facts, config({ target_modules: 'all-linear' }))).toBeNull();
    expect(mismatch(facts, config({ target_modules: MODULES }))).toBeNull();
    expect(mismatch(facts, config({ r: 8 }))).toBe('has rank 4 where adapter_config.json says r = 8');
    expect(mismatch(facts, config({ target_modules: ['q_proj', 'proj'] }))).toMatch(
      /adapts model\.layers\.\*\.mlp\.down_proj/,
    );
  });
});

describe('the manifest', () => {
  const files = [
    { name: 'state.safetensors', sha256: 'c'.repeat(64) },
    { name: 'adapter_config.json', sha256: 'a'.repeat(64) },
    { name: 'adapter_model.safetensors', sha256: 'b'.repeat(64) },
  ];
  it('is what sha256sum prints, sorted by name, whatever order the files come in', async () => {
    const text = `${'a'.repeat(64)}  adapter_config.json\n${'b'.repeat(64)}  adapter_model.safetensors\n${'c'.repeat(64)}  state.safetensors\n`;
    expect(manifestText(files)).toBe(text);
    const digest = await crypto.subtle.digest('SHA-256', utf8(text));
    expect(await manifestSha([...files].reverse())).toBe(Buffer.from(digest).toString('hex'));
  });
});

describe('ten thousand damaged files', () => {
  /** One to three random edits: bytes turned, cut, doubled, or header text replaced by its troublemakers. */
  function damage(bytes: Uint8Array, random: () => number): Uint8Array {
    const at = () => Math.floor(random() * bytes.length);
    const troubles = ['"', '{', '}', '[', ']', ',', ':', '0', '9', '-', '.', 'e', '\\', ' ', '\0', 'é'];
    const edits: (() => Uint8Array)[] = [
      () => bytes.with(at(), Math.floor(random() * 256)),
      () =>
        bytes.with(
          Math.min(bytes.length - 1, 8 + Math.floor(random() * 400)),
          troubles[Math.floor(random() * troubles.length)]?.charCodeAt(0) ?? 0,
        ),
      () => bytes.with(Math.floor(random() * 8), Math.floor(random() * 256)),
      () => bytes.subarray(0, at()),
      () => Uint8Array.from([...bytes, ...bytes.subarray(at())]),
      () => {
        const [from, to] = [at(), at()].sort((a, b) => a - b) as [number, number];
        return Uint8Array.from([...bytes.subarray(0, from), ...bytes.subarray(to)]);
      },
    ];
    return edits[Math.floor(random() * edits.length)]?.() ?? bytes;
  }

  it('are each refused with adapter_invalid, or read as a second, independent reader reads them', () => {
    const random = seededRandom(20261123);
    let accepted = 0;
    for (let round = 0; round < 10_000; round += 1) {
      let bytes: Uint8Array = safetensorsFile(loraTensors(MODULES.slice(0, 1), { rank: 2, width: 3, seed: round % 7 }));
      for (let edit = 0; edit <= random() * 3; edit += 1) if (bytes.length > 8) bytes = damage(bytes, random);
      try {
        check(MODEL, bytes, { size: 1 + Math.floor(random() * 600) });
      } catch (error) {
        expect((error as { code?: string }).code, String(error)).toBe('adapter_invalid');
        continue;
      }
      accepted += 1;
      expectSound(bytes);
    }
    expect(accepted).toBeGreaterThan(100);
    expect(accepted).toBeLessThan(5000);
  });

  /** Everything promised of an accepted file, recomputed from its bytes alone. */
  function expectSound(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const length = Number(view.getBigUint64(0, true));
    const { __metadata__, ...tensors } = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)),
    );
    const covered = new Uint8Array(bytes.length - 8 - length);
    const names = Object.keys(tensors).sort();
    expect(names).toHaveLength(2);
    const [a, b] = names.map((name) => tensors[name]);
    expect(a.shape[0]).toBe(b.shape[1]);
    for (const { dtype, shape, data_offsets } of [a, b]) {
      expect(['F16', 'BF16', 'F32']).toContain(dtype);
      expect(data_offsets[1] - data_offsets[0]).toBe(shape[0] * shape[1] * (dtype === 'F32' ? 4 : 2));
      for (let at = data_offsets[0]; at < data_offsets[1]; at += 1) covered[at] = (covered[at] ?? 0) + 1;
      for (let at = data_offsets[0]; at < data_offsets[1]; at += dtype === 'F32' ? 4 : 2) {
        const from = 8 + length + at;
        const word = view.getUint16(from, true);
        if (dtype === 'F16') expect(word & 0x7c00).not.toBe(0x7c00);
        if (dtype === 'BF16') expect(word & 0x7f80).not.toBe(0x7f80);
        if (dtype === 'F32') expect(Number.isFinite(view.getFloat32(from, true))).toBe(true);
      }
    }
    expect(covered.every((count) => count === 1)).toBe(true);
  }
});

describe('a header as large as allowed', () => {
  it('is read without exhausting the stack', () => {
    const metadata = { note: 'x'.repeat(4 * 1024 * 1024 - 2000) };
    expect(check(MODEL, safetensorsFile(lora, { metadata }))).toMatchObject({ tensors: 6 });
    const deep = `{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`;
    expect(problem(MODEL, withHeader(utf8(deep), []))).toMatch(/nested too deeply/);
  });
});
