/** What a domain's votes tell of the people who cast them, and of the models they judged. */
import { z } from 'zod';
import { Sha256, Slug, UserId } from './ids.ts';

/** How much reliability counts in training: not at all, or as docs/loop.md says. */
export const RaterWeighting = z.enum(['off', 'reliability']).meta({ id: 'RaterWeighting' });
export type RaterWeighting = z.infer<typeof RaterWeighting>;

/** A reason to look at somebody's votes; the thresholds are in docs/metrics.md. */
export const Suspicion = z.enum(['disagrees', 'place', 'haste', 'sameAnswer']).meta({
  id: 'Suspicion',
  description:
    'disagrees: others find something else; place: takes one place whatever is shown there; haste: faster than one can read; sameAnswer: orders the places the same way every time.',
});
export type Suspicion = z.infer<typeof Suspicion>;

export const PlaceBias = z
  .strictObject({
    value: z.number().meta({ description: 'Share of votes for the first of two places, less one half.' }),
    low: z.number(),
    high: z.number(),
    n: z.number().int().meta({ description: 'Votes between two of which it is known where the choice was shown.' }),
  })
  .meta({ id: 'PlaceBias' });
export type PlaceBias = z.infer<typeof PlaceBias>;

export const Rater = z
  .strictObject({
    user: UserId,
    votes: z.number().int(),
    checked: z.number().int().meta({ description: 'Pairs of outputs of theirs that others judged too.' }),
    informedness: z.number().nullable().meta({
      description:
        'What the votes say of what others find: 1 all, 0 nothing, below 0 the opposite. null = not checked.',
    }),
    informednessLow: z.number().nullable(),
    informednessHigh: z.number().nullable(),
    position: PlaceBias.nullable(),
    medianLatencyMs: z.number().nullable(),
    suspicions: z.array(Suspicion),
  })
  .meta({ id: 'Rater' });
export type Rater = z.infer<typeof Rater>;

export const ModelStrength = z
  .strictObject({
    adapter: z
      .union([Sha256, z.literal('other')])
      .nullable()
      .meta({
        description: 'null = the base; other = imported outputs, callers’ own, and adapters that were judged least.',
      }),
    strength: z.number().meta({ description: 'Bradley–Terry, against the mean of the listed models: log-odds.' }),
    low: z.number(),
    high: z.number(),
    n: z.number().int().meta({ description: 'Votes that compare it with another model.' }),
  })
  .meta({ id: 'ModelStrength' });
export type ModelStrength = z.infer<typeof ModelStrength>;

export const RaterReport = z
  .strictObject({
    domain: Slug,
    window: z
      .number()
      .int()
      .meta({ description: 'At most so many votes are looked at: the newest that decide something.' }),
    votes: z
      .number()
      .int()
      .meta({ description: 'Those that were: no ties, no skips, none that a later vote replaced.' }),
    people: z.number().int(),
    judgedTwice: z.number().int().meta({ description: 'Pairs of outputs that at least two people judged.' }),
    alpha: z
      .number()
      .nullable()
      .meta({ description: 'Krippendorff’s α of those: 1 all agree, 0 chance. null = there are none.' }),
    alphaLow: z.number().nullable(),
    alphaHigh: z.number().nullable(),
    position: PlaceBias.nullable(),
    raters: z.array(Rater).meta({ description: 'Most votes first.' }),
    models: z.array(ModelStrength).meta({ description: 'Strongest first; none before two models have met.' }),
  })
  .meta({ id: 'RaterReport' });
export type RaterReport = z.infer<typeof RaterReport>;
