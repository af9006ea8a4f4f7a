/** A candidate: one output that can be compared, and how it was made. */
import { z } from 'zod';
import { FeatureList } from './features.ts';
import { RecordId, Sha256 } from './ids.ts';
import { Text } from './text.ts';

export const MAX_STEPS = 200;

export const Content = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('text'), text: Text }).meta({ id: 'TextContent' }),
    z
      .strictObject({ type: z.literal('steps'), steps: z.array(Text).min(1).max(MAX_STEPS) })
      .meta({ id: 'StepsContent' }),
    z
      .strictObject({
        type: z.literal('image'),
        sha256: Sha256.meta({ description: 'Of a picture that was uploaded.' }),
      })
      .meta({ id: 'ImageContent' }),
  ])
  .meta({ id: 'Content' });
export type Content = z.infer<typeof Content>;

/** How the output came to be. Learning off-policy later is impossible without it; null = not known (imported). */
export const Origin = z
  .strictObject({
    role: z.enum(['live', 'head', 'fast', 'base', 'imported', 'caller']),
    adapter: Sha256.nullable().default(null),
    model: Text.max(300).nullable().default(null),
    seed: z.number().int().nullable().default(null),
    temperature: z.number().nullable().default(null),
    topP: z.number().nullable().default(null),
    tokenIds: z.array(z.number().int().nonnegative()).max(131072).nullable().default(null),
    logps: z.array(z.number()).max(131072).nullable().default(null).meta({
      description: 'Log-probability of each token under the behaviour policy, nats.',
    }),
  })
  .meta({ id: 'Origin' });
export type Origin = z.infer<typeof Origin>;

export const CandidateInput = z
  .strictObject({
    id: RecordId.optional(),
    content: Content,
    origin: Origin.optional(),
    features: FeatureList.optional(),
  })
  .meta({ id: 'CandidateInput' });
export type CandidateInput = z.infer<typeof CandidateInput>;

/** A candidate as it is dealt: nothing in it tells which model made it. */
export const Candidate = z
  .strictObject({ id: RecordId, position: z.number().int().min(0).max(7), content: Content })
  .meta({ id: 'Candidate' });
export type Candidate = z.infer<typeof Candidate>;

export const CandidateWithOrigin = Candidate.extend({ origin: Origin }).meta({ id: 'CandidateWithOrigin' });
export type CandidateWithOrigin = z.infer<typeof CandidateWithOrigin>;
