/** What changed in what a domain's model says, or draws. */
import { z } from 'zod';
import { Sha256 } from './ids.ts';

/** A base and an adapter answer each: so many prompts are few enough to wait for. */
export const MAX_SAMPLES = 8;

export const SampleAnswer = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('text'), text: z.string() }).meta({ id: 'SampleText' }),
    z
      .strictObject({
        type: z.literal('image'),
        sha256: Sha256,
        url: z.string().meta({ description: 'Where the picture is shown, without a key.' }),
      })
      .meta({ id: 'SampleImage' }),
  ])
  .meta({ id: 'SampleAnswer' });
export type SampleAnswer = z.infer<typeof SampleAnswer>;

export const Sample = z
  .strictObject({
    prompt: z.string().meta({ description: 'What was asked: the last message, or the caption of a picture.' }),
    before: SampleAnswer.meta({ description: 'Of the base.' }),
    now: SampleAnswer.nullable().meta({ description: 'Of the live adapter, with the same seed; null = none is live.' }),
  })
  .meta({ id: 'Sample' });
export type Sample = z.infer<typeof Sample>;

export const SampleList = z
  .strictObject({
    live: Sha256.nullable().meta({ description: 'The adapter that is served; null = the base.' }),
    samples: z.array(Sample).meta({ description: 'Fewer than were asked for where fewer prompts are held out.' }),
  })
  .meta({ id: 'SampleList' });
export type SampleList = z.infer<typeof SampleList>;
