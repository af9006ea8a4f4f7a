/** A comparison: a prompt with 2..8 candidates, dealt by the server in a random, recorded, signed order. */
import { z } from 'zod';
import { Candidate, CandidateInput, CandidateWithOrigin } from './candidate.ts';
import { RecordId, Slug, Timestamp, UserId } from './ids.ts';
import { Prompt } from './prompt.ts';

export const MIN_CANDIDATES = 2;
export const MAX_CANDIDATES = 8;

/** What the person is asked for. Ties, "both bad" and skips are always allowed. */
export const ComparisonKind = z.enum(['pair', 'ranking', 'rating', 'steps']).meta({ id: 'ComparisonKind' });
export type ComparisonKind = z.infer<typeof ComparisonKind>;

export const ComparisonRequest = z
  .strictObject({
    id: RecordId.optional().meta({ description: 'Made by the client: a retry then gets the same comparison.' }),
    domain: Slug,
    kind: ComparisonKind.default('pair'),
    prompt: Prompt,
    candidates: z.array(CandidateInput).min(MIN_CANDIDATES).max(MAX_CANDIDATES).optional().meta({
      description: 'The caller’s own candidates; without them the domain’s models are asked for `k`.',
    }),
    asShown: z.literal(true).optional().meta({
      description: 'The candidates were shown in this order already, drawn at random by the page: it is recorded.',
    }),
    k: z.number().int().min(MIN_CANDIDATES).max(MAX_CANDIDATES).default(2),
    draws: z.number().int().min(MIN_CANDIDATES).max(MAX_CANDIDATES).optional().meta({
      description: 'Outputs the models are asked for, at least k: the k that differ most are dealt. Default: k.',
    }),
    temperature: z.number().min(0).max(5).optional(),
    topP: z.number().gt(0).max(1).optional(),
    maxTokens: z.number().int().min(1).max(32768).optional(),
    seed: z.number().int().min(0).max(2147483647).optional(),
    user: UserId.optional().meta({ description: 'With a secret key: the person it is dealt to.' }),
  })
  .meta({ id: 'ComparisonRequest' });
export type ComparisonRequest = z.infer<typeof ComparisonRequest>;

export const Comparison = z
  .strictObject({
    id: RecordId,
    domain: Slug,
    kind: ComparisonKind,
    prompt: Prompt,
    candidates: z.array(Candidate).min(MIN_CANDIDATES).max(MAX_CANDIDATES).meta({ description: 'In the dealt order.' }),
    assignment: z.string().meta({ description: 'Signed proof of this deal; goes back with the vote.' }),
    createdAt: Timestamp,
    expiresAt: Timestamp,
  })
  .meta({ id: 'Comparison' });
export type Comparison = z.infer<typeof Comparison>;

/** The operator's view: with the origins, without an assignment. */
export const ComparisonRecord = Comparison.omit({ assignment: true, expiresAt: true })
  .extend({ candidates: z.array(CandidateWithOrigin) })
  .meta({ id: 'ComparisonRecord' });
export type ComparisonRecord = z.infer<typeof ComparisonRecord>;
