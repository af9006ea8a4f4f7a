/** An adapter: a LoRA, content-addressed, with its lineage, metrics and gates. */
import { z } from 'zod';
import { RecordId, Sha256, Slug, Timestamp } from './ids.ts';
import { Recipe } from './recipe.ts';
import { NonEmptyText, Text } from './text.ts';

/** A runner's state of a large model is cut into as many files as uploads need: state.safetensors, state-2.safetensors, … */
const STATE_FILES = [
  'state.safetensors',
  'state-2.safetensors',
  'state-3.safetensors',
  'state-4.safetensors',
  'state-5.safetensors',
  'state-6.safetensors',
  'state-7.safetensors',
  'state-8.safetensors',
  'state-9.safetensors',
  'state-10.safetensors',
  'state-11.safetensors',
  'state-12.safetensors',
] as const;

/**
 * Only these files are ever accepted; a pickle is not among them. PEFT's two of a text model; diffusers' one of an image
 * model, and its user attention; a user encoder's network for the edge, and its weights for the runner.
 */
export const AdapterFileName = z
  .enum([
    'adapter_model.safetensors',
    'adapter_config.json',
    'pytorch_lora_weights.safetensors',
    'user_attention.safetensors',
    'encoder.onnx',
    'encoder.safetensors',
    ...STATE_FILES,
  ])
  .meta({ id: 'AdapterFileName' });
export type AdapterFileName = z.infer<typeof AdapterFileName>;

/** Largest single upload: a Worker's request body ends at 100 MB. */
export const MAX_FILE_BYTES = 95_000_000;

export const AdapterFile = z
  .strictObject({ name: AdapterFileName, sha256: Sha256, bytes: z.number().int().positive() })
  .meta({ id: 'AdapterFile' });
export type AdapterFile = z.infer<typeof AdapterFile>;

/** A number measured by a gate, with its interval and its bound. */
export const Gate = z
  .strictObject({
    name: z.enum(['accuracy', 'displacement', 'kl', 'length']),
    value: z.number().nullable().meta({ description: 'null = not measurable (for example no held-out votes yet).' }),
    low: z.number().nullable(),
    high: z.number().nullable(),
    n: z.number().int().min(0),
    bound: z.number().nullable().meta({ description: 'null = measured only, nothing to fail.' }),
    passed: z.boolean(),
    reason: Text.max(1000).nullable(),
  })
  .meta({ id: 'Gate' });
export type Gate = z.infer<typeof Gate>;

/** Numbers of the training that made the adapter; every name is explained in docs/metrics.md. */
export const Metrics = z
  .record(z.string().regex(/^[a-zA-Z][a-zA-Z0-9.]{0,63}$/), z.number())
  .refine((metrics) => Object.keys(metrics).length <= 500, 'at most 500 metrics')
  .meta({ id: 'Metrics' });
export type Metrics = z.infer<typeof Metrics>;

/** The loss after every optimiser step of this batch, for the curve. */
export const LossCurve = z.array(z.number()).max(10_000);

/**
 * What a runner publishes. `sha` is the SHA-256 of the manifest: one line "SHA256  NAME\n" per file, sorted by name
 * (the format of sha256sum), so that anyone can check it with common tools.
 */
export const AdapterInput = z
  .strictObject({
    sha: Sha256,
    parent: Sha256.nullable(),
    baseModel: NonEmptyText.max(300),
    baseFingerprint: Sha256.meta({ description: 'Hash of the base model’s weights and tokenizer.' }),
    recipe: Recipe,
    files: z
      .array(AdapterFile)
      .min(1)
      .max(2 + STATE_FILES.length),
    encoder: Sha256.optional().meta({
      description: 'The user encoder that it was trained with: it understands the embeddings of no other.',
    }),
    metrics: Metrics.default({}),
    losses: LossCurve.default([]),
    gates: z.array(Gate).max(20).default([]),
    runtime: Text.max(300).default('').meta({ description: 'Image digest or version of the runner.' }),
  })
  .meta({ id: 'AdapterInput' });
export type AdapterInput = z.infer<typeof AdapterInput>;

/** Registers an adapter that was made elsewhere; it starts as staged. */
export const AdapterRegistration = AdapterInput.extend({ domain: Slug }).meta({ id: 'AdapterRegistration' });
export type AdapterRegistration = z.infer<typeof AdapterRegistration>;

export const Stage = z.enum(['staged', 'canary', 'live', 'retired']).meta({ id: 'Stage' });
export type Stage = z.infer<typeof Stage>;

export const AdapterRecord = AdapterRegistration.extend({
  stage: Stage,
  batches: z
    .array(RecordId)
    .meta({ description: 'Batches this adapter itself learned from (its parents’ are theirs).' }),
  preferences: z.number().int().min(0).meta({ description: 'Votes consumed by those batches.' }),
  oldestVoteAt: Timestamp.nullable(),
  createdAt: Timestamp,
  liveAt: Timestamp.nullable().meta({ description: 'When it was first served.' }),
}).meta({ id: 'AdapterRecord' });
export type AdapterRecord = z.infer<typeof AdapterRecord>;

export const AdapterList = z
  .strictObject({ items: z.array(AdapterRecord) })
  .meta({ id: 'AdapterList', description: 'Newest first.' });
export type AdapterList = z.infer<typeof AdapterList>;

export const FileReceipt = AdapterFile.extend({ replayed: z.boolean() }).meta({ id: 'FileReceipt' });
export type FileReceipt = z.infer<typeof FileReceipt>;

/** Moves the domain's live alias. `force` serves an adapter whose gates failed, on the operator's word. */
export const Promotion = z
  .strictObject({ adapter: Sha256, force: z.boolean().default(false), note: Text.max(500).default('') })
  .meta({ id: 'Promotion' });
export type Promotion = z.infer<typeof Promotion>;

/** Moves it back: to `adapter`, or to what was live before; `rewind` also resets the head and frees later votes. */
export const Rollback = z
  .strictObject({
    adapter: Sha256.nullable().optional().meta({ description: 'null = the base model; absent = the one before.' }),
    rewind: z.boolean().default(false),
    note: Text.max(500).default(''),
  })
  .meta({ id: 'Rollback' });
export type Rollback = z.infer<typeof Rollback>;

export const AliasMove = z
  .strictObject({
    domain: Slug,
    from: Sha256.nullable(),
    to: Sha256.nullable(),
    action: z.enum(['promote', 'rollback']),
    actor: z.string().meta({ description: 'The key that did it, or "gates".' }),
    note: z.string(),
    freed: z.number().int().min(0).meta({ description: 'Votes that wait again after a rewind.' }),
    at: Timestamp,
  })
  .meta({ id: 'AliasMove' });
export type AliasMove = z.infer<typeof AliasMove>;

export const AliasHistory = z.strictObject({ items: z.array(AliasMove) }).meta({ id: 'AliasHistory' });
export type AliasHistory = z.infer<typeof AliasHistory>;
