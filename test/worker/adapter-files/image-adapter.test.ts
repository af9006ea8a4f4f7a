import { describe, expect, it } from 'vitest';
import type { AdapterFileName } from '../../../shared/contracts/adapter.ts';
import { checkFile } from '../../../worker/adapter-files/check-file.ts';
import { kindOfAdapter } from '../../../worker/adapter-files/image-adapter.ts';
import { type FileTensor, floats, safetensorsFile } from './safetensors-file.ts';

const LORA = 'pytorch_lora_weights.safetensors';
const USERS = 'user_attention.safetensors';

function matrix(rows: number, columns: number, value = 0.5): FileTensor {
  return { dtype: 'F32', shape: [rows, columns], data: floats('F32', new Array(rows * columns).fill(value)) };
}

function check(name: AdapterFileName, tensors: Record<string, FileTensor>): unknown {
  const bytes = safetensorsFile(tensors);
  const file = checkFile(name, bytes.length);
  file.push(bytes);
  return file.end();
}

describe('a LoRA as diffusers writes it', () => {
  const path = 'unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q';

  it('is accepted, of a U-Net and of a transformer', () => {
    for (const module of [path, 'transformer.transformer_blocks.0.attn.to_q']) {
      const tensors = { [`${module}.lora_A.weight`]: matrix(4, 8), [`${module}.lora_B.weight`]: matrix(8, 4) };
      expect(check(LORA, tensors)).toMatchObject({ rank: 4, tensors: 2 });
    }
  });

  it('is turned away where it is none', () => {
    const refused = (tensors: Record<string, FileTensor>) => expect(() => check(LORA, tensors));
    refused({ [`vae.${path}.lora_A.weight`]: matrix(4, 8) }).toThrow('which no LoRA has');
    refused({ 'unet.conv_in.weight': matrix(4, 8) }).toThrow('which no LoRA has');
    refused({ [`${path}.lora_A.weight`]: matrix(4, 8) }).toThrow('only one of lora_A and lora_B');
    const mixed = { [`${path}.lora_A.weight`]: matrix(4, 8), [`${path}.lora_B.weight`]: matrix(8, 2) };
    refused(mixed).toThrow('mixes the ranks');
  });
});

describe('a user attention', () => {
  const path = 'mid_block.attentions.0.transformer_blocks.0.attn2';

  it('is accepted with a key and a value for every attention', () => {
    const tensors = { [`${path}.key`]: matrix(6, 4), [`${path}.value`]: matrix(6, 4) };
    expect(check(USERS, tensors)).toEqual({ tensors: 2, width: 4 });
  });

  it('may say what captions leave open: all of it or nothing', () => {
    const tensors = { [`${path}.key`]: matrix(6, 4), [`${path}.value`]: matrix(6, 4) };
    const parts = ['back', 'basis', 'center', 'into', 'slope'].map((part) => [`openness.${part}`, matrix(2, 3)]);
    expect(check(USERS, { ...tensors, ...Object.fromEntries(parts) })).toEqual({ tensors: 7, width: 4 });
    const some = { ...tensors, ...Object.fromEntries(parts.slice(1)) };
    expect(() => check(USERS, some)).toThrow('has 4 of the 5 tensors openness.*');
    const other = { ...tensors, 'openness.other': matrix(2, 3) };
    expect(() => check(USERS, other)).toThrow('which no user attention has');
  });

  it('is turned away where a half is missing, shapes differ, or a value is not finite', () => {
    const refused = (tensors: Record<string, FileTensor>) => expect(() => check(USERS, tensors));
    refused({ [`${path}.key`]: matrix(6, 4) }).toThrow('only one of key and value');
    refused({ [`${path}.key`]: matrix(6, 4), [`${path}.value`]: matrix(4, 6) }).toThrow('of two shapes');
    refused({ [`${path}.bias`]: matrix(6, 4) }).toThrow('which no user attention has');
    const other = 'up_blocks.0.attn2';
    const widths = { [`${path}.key`]: matrix(6, 4), [`${path}.value`]: matrix(6, 4) };
    refused({ ...widths, [`${other}.key`]: matrix(6, 3), [`${other}.value`]: matrix(6, 3) }).toThrow(
      'mixes user tokens',
    );
    refused({ [`${path}.key`]: matrix(6, 4), [`${path}.value`]: matrix(6, 4, Number.NaN) }).toThrow('not finite');
  });
});

describe('the files of an adapter', () => {
  it('tell what kind of model it is for', () => {
    expect(kindOfAdapter(['adapter_config.json', 'adapter_model.safetensors', 'state.safetensors'])).toBe('text');
    expect(kindOfAdapter([LORA, 'state.safetensors'])).toBe('pictures');
    expect(kindOfAdapter([USERS])).toBe('pictures');
    expect(kindOfAdapter(['state.safetensors'])).toEqual({ lacks: 'adapter_config.json' });
    expect(kindOfAdapter([LORA, 'adapter_config.json'])).toEqual({ lacks: 'adapter_model.safetensors' });
  });
});
