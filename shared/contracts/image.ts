/** Pictures: uploaded once under the hash of their bytes, named by it ever after; and OpenAI-shaped requests for new ones. */
import { z } from 'zod';
import { RecordId, Sha256, Slug, UserId } from './ids.ts';
import { NonEmptyText } from './text.ts';

export const MAX_IMAGE_BYTES = 20_000_000;
/** A picture of more would take gigabytes to decode. */
export const MAX_PIXELS = 50_000_000;

export const MediaType = z.enum(['image/png', 'image/jpeg', 'image/webp']).meta({ id: 'MediaType' });
export type MediaType = z.infer<typeof MediaType>;

export const Image = z
  .strictObject({
    sha256: Sha256,
    mediaType: MediaType.meta({ description: 'What its first bytes say, whatever the sender called it.' }),
    width: z.number().int().positive(),
    height: z.number().int().positive(),
    bytes: z.number().int().positive(),
  })
  .meta({ id: 'Image' });
export type Image = z.infer<typeof Image>;

export const ImageReceipt = Image.extend({ replayed: z.boolean() }).meta({ id: 'ImageReceipt' });
export type ImageReceipt = z.infer<typeof ImageReceipt>;

/** Whose taste, or which reward, and how much of it. Weights sum to one; what is missing is nobody's in particular. */
export const Blend = z
  .array(
    z
      .strictObject({ user: UserId.optional(), reward: Slug.optional(), weight: z.number().min(0).max(1) })
      .refine(({ user, reward }) => (user === undefined) !== (reward === undefined), {
        message: 'names either a user or a reward',
      })
      .meta({ id: 'BlendPart' }),
  )
  .min(1)
  .max(16)
  .refine((parts) => parts.reduce((sum, { weight }) => sum + weight, 0) <= 1 + 1e-6, {
    message: 'weights must sum to one at most',
  })
  .meta({ id: 'Blend' });
export type Blend = z.infer<typeof Blend>;

export const ImageRequest = z
  .strictObject({
    model: Slug.meta({ description: 'The domain. Which adapter draws is decided by the edge, never by the caller.' }),
    prompt: NonEmptyText.max(4000),
    n: z.number().int().min(1).max(8).default(1),
    seed: z.number().int().min(0).max(2147483647).optional(),
    steps: z.number().int().min(1).max(200).optional().meta({ description: 'Of the sampler. Default: the model’s.' }),
    guidance: z.number().min(0).max(50).optional().meta({ description: 'Classifier-free guidance; 1 = none.' }),
    response_format: z.enum(['url', 'b64_json']).default('url'),
    personal: z.boolean().default(true).meta({ description: 'false: as everybody gets it, whoever’s token it is.' }),
    blend: Blend.optional().meta({
      description: 'Instead of the caller’s own taste. A user token may name its own user and rewards only.',
    }),
    user: z.string().max(128).optional().meta({ description: 'Ignored: the user comes from the token.' }),
  })
  .meta({ id: 'ImageRequest' });
export type ImageRequest = z.infer<typeof ImageRequest>;

export const ImageResult = z
  .strictObject({
    created: z.number().int(),
    data: z.array(
      z
        .strictObject({
          url: z.string().optional(),
          b64_json: z.string().optional(),
          sha256: Sha256,
          seed: z.number().int(),
        })
        .meta({ id: 'ImageData' }),
    ),
    personal: z
      .strictObject({ encoder: Sha256, votes: z.number().int().min(0) })
      .nullable()
      .meta({ description: 'Whose taste went in: which encoder, from how many votes; null = nobody’s.' }),
    comparison: RecordId.nullable().meta({ description: 'To vote on, when there are two or more; else null.' }),
  })
  .meta({ id: 'ImageResult' });
export type ImageResult = z.infer<typeof ImageResult>;
