/** How a domain is trained: the method and its hyper-parameters, every one with a default. */
import { z } from 'zod';
import { DiffusionDpoRecipe, PpdRecipe, RankDpoRecipe } from './recipe-images.ts';
import {
  AsftRecipe,
  CofsDpoRecipe,
  CurryDpoRecipe,
  DpoRecipe,
  FlexDpoRecipe,
  LnDpoRecipe,
  OfsDpoRecipe,
  OrpoRecipe,
  SftRecipe,
  SimPoRecipe,
  SrpoRecipe,
} from './recipe-pairs.ts';
import { EgidaRecipe, MrDpoRecipe, PpoRecipe, RebirthRecipe, StepDpoRecipe } from './recipe-sampled.ts';

export const Recipe = z
  .discriminatedUnion('method', [
    DpoRecipe,
    OfsDpoRecipe,
    CofsDpoRecipe,
    CurryDpoRecipe,
    MrDpoRecipe,
    RebirthRecipe,
    AsftRecipe,
    OrpoRecipe,
    SftRecipe,
    LnDpoRecipe,
    EgidaRecipe,
    FlexDpoRecipe,
    SimPoRecipe,
    StepDpoRecipe,
    SrpoRecipe,
    PpoRecipe,
    DiffusionDpoRecipe,
    RankDpoRecipe,
    PpdRecipe,
  ])
  .meta({ id: 'Recipe' });
export type Recipe = z.infer<typeof Recipe>;
export type RecipeInput = z.input<typeof Recipe>;

/** What must hold before an adapter is served. A missing bound is not checked. */
export const GateBounds = z
  .strictObject({
    minAccuracy: z.number().min(0).max(1).optional().meta({
      description: 'Lower bound of the held-out preference accuracy (its value, not its interval).',
    }),
    maxDisplacement: z.number().positive().optional().meta({
      description:
        'Largest fall of the mean chosen log-probability per token, nats (the 3D alarm); of pictures the largest rise of the error on chosen ones, as a share of the base’s.',
    }),
    maxKl: z
      .number()
      .positive()
      .optional()
      .meta({ description: 'KL to the base, nats per token, on sampled answers.' }),
    mitigation: z
      .strictObject({
        sftWeight: z.number().min(0).max(10).default(0.05),
        betaRejectedRatio: z.number().gt(0).max(1).default(0.8).meta({ description: 'β⁻ / β⁺.' }),
      })
      .optional()
      .meta({
        description:
          'When an adapter fails its displacement gate, the batches after it are trained with these until one passes (Flex-DPO and the SFT term; recipe dpo).',
      }),
    maxLengthRatio: z.number().gt(1).optional().meta({
      description: 'Longest allowed ratio of mean answer length to the base, in either direction.',
    }),
  })
  .meta({ id: 'GateBounds' });
export type GateBounds = z.infer<typeof GateBounds>;
