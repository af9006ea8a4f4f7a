/** A preference: what a person said about a comparison. */
import { z } from 'zod';
import { CandidateInput } from './candidate.ts';
import { ComparisonKind, MAX_CANDIDATES } from './comparison.ts';
import { ErrorCode } from './error.ts';
import { RecordId, Sha256, Slug, Timestamp, UserId } from './ids.ts';
import { Prompt } from './prompt.ts';
import { Text } from './text.ts';

/** Items of one bulk call. */
export const MAX_ITEMS = 500;

/** A candidate by id and the place it was shown at: never "left", which a mirrored layout would turn around. */
const Shown = z.number().int().min(0).max(7).optional().meta({ description: 'Position it was shown at, from 0.' });

export const Choice = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('pair'), chosen: RecordId, position: Shown }).meta({ id: 'PairChoice' }),
    z.strictObject({ type: z.literal('tie') }).meta({ id: 'TieChoice' }),
    z.strictObject({ type: z.literal('bothBad') }).meta({ id: 'BothBadChoice' }),
    z.strictObject({ type: z.literal('skip') }).meta({ id: 'SkipChoice' }),
    z
      .strictObject({
        type: z.literal('ranking'),
        ranking: z.array(z.array(RecordId).min(1)).min(1).max(MAX_CANDIDATES).meta({
          description: 'Best first; candidates in one inner list are tied. Every candidate exactly once.',
        }),
      })
      .meta({ id: 'RankingChoice' }),
    z
      .strictObject({
        type: z.literal('rating'),
        ratings: z
          .array(z.strictObject({ candidate: RecordId, rating: z.number().min(-1000).max(1000) }))
          .min(1)
          .max(MAX_CANDIDATES),
      })
      .meta({ id: 'RatingChoice' }),
    z
      .strictObject({
        type: z.literal('stepMark'),
        candidate: RecordId,
        firstWrongStep: z.number().int().min(0).nullable().meta({ description: 'From 0; null = all steps are right.' }),
      })
      .meta({ id: 'StepMarkChoice' }),
  ])
  .meta({ id: 'Choice' });
export type Choice = z.infer<typeof Choice>;

/** A comparison that comes with its vote, from elsewhere: imported rows. Needs the `ingest` scope. */
export const InlineComparison = z
  .strictObject({
    domain: Slug,
    kind: ComparisonKind.default('pair'),
    prompt: Prompt,
    candidates: z
      .array(CandidateInput.required({ id: true }).meta({ id: 'IdentifiedCandidate' }))
      .min(1)
      .max(MAX_CANDIDATES)
      .meta({ description: 'One is enough for a rating or for marked steps; a pair and a ranking need two.' }),
  })
  .meta({ id: 'InlineComparison' });
export type InlineComparison = z.infer<typeof InlineComparison>;

export const PreferenceInput = z
  .strictObject({
    id: RecordId,
    comparison: z.union([RecordId, InlineComparison]),
    choice: Choice,
    assignment: z.string().max(4096).optional(),
    user: UserId.optional().meta({ description: 'With a secret key: whose vote it is.' }),
    reason: Text.max(2000).optional(),
    supersedes: RecordId.optional().meta({ description: 'The same person’s earlier vote that this one replaces.' }),
    confidence: z.number().min(0.5).max(1).optional().meta({
      description: 'Probability that the choice is right, when the source knows it (soft label).',
    }),
    weight: z.number().min(0).max(1).optional().meta({ description: 'With a secret key: how much the vote counts.' }),
    latencyMs: z.number().int().min(0).max(86_400_000).optional(),
  })
  .meta({ id: 'PreferenceInput' });
export type PreferenceInput = z.infer<typeof PreferenceInput>;

/**
 * waiting → batched → consumed; or heldOut (evaluation only, fixed at ingest), notTrainable (with the reason),
 * superseded (a changed mind while waiting), quarantined (its batch failed too often).
 */
export const PreferenceStatus = z
  .enum(['waiting', 'batched', 'consumed', 'heldOut', 'notTrainable', 'superseded', 'quarantined'])
  .meta({ id: 'PreferenceStatus' });
export type PreferenceStatus = z.infer<typeof PreferenceStatus>;

/**
 * Why a preference yields no training example. tooLong, equalTokens, untokenizable and unreadableImage are known to the runner alone. The
 * `needs…` depend on the domain's recipe: an order of at least three (needsRanking), a marked step (needsSteps), a topic
 * or a known answer of the prompt (needsTopic, needsAnswer), two answers of which one is better (needsPair), texts or
 * pictures (needsText, needsImages), a known person (needsUser).
 */
export const NotTrainableReason = z
  .enum([
    'skip',
    'bothBad',
    'emptyCompletion',
    'equalTexts',
    'singleRating',
    'unsupportedKind',
    'noWrongStep',
    'equalRatings',
    'needsRanking',
    'needsSteps',
    'needsTopic',
    'needsAnswer',
    'needsPair',
    'needsText',
    'needsImages',
    'needsUser',
    'unreadableImage',
    'tooLong',
    'equalTokens',
    'untokenizable',
  ])
  .meta({ id: 'NotTrainableReason' });
export type NotTrainableReason = z.infer<typeof NotTrainableReason>;

export const PreferenceReceipt = z
  .strictObject({
    id: RecordId,
    status: PreferenceStatus,
    notTrainable: NotTrainableReason.optional(),
    replayed: z.boolean().meta({ description: 'True when this very vote had been stored before.' }),
  })
  .meta({ id: 'PreferenceReceipt' });
export type PreferenceReceipt = z.infer<typeof PreferenceReceipt>;

/** One answer per row, in order: a bad row never fails the others. */
export const ItemResult = z
  .strictObject({
    index: z.number().int().min(0),
    id: z.string().nullable(),
    result: z.enum(['created', 'duplicate', 'rejected']),
    status: PreferenceStatus.optional(),
    notTrainable: NotTrainableReason.optional(),
    code: ErrorCode.optional(),
    message: z.string().optional(),
  })
  .meta({ id: 'ItemResult' });
export type ItemResult = z.infer<typeof ItemResult>;

/** Items are parsed one by one by the edge, so that each bad one is answered on its own. */
export const BulkPreferences = z
  .strictObject({ items: z.array(z.unknown()).min(1).max(MAX_ITEMS) })
  .meta({ id: 'BulkPreferences', description: 'Up to 500 PreferenceInput items.' });
export type BulkPreferences = { items: PreferenceInput[] };

export const BulkResult = z
  .strictObject({
    created: z.number().int(),
    duplicates: z.number().int(),
    rejected: z.number().int(),
    items: z.array(ItemResult),
  })
  .meta({ id: 'BulkResult' });
export type BulkResult = z.infer<typeof BulkResult>;

/** A stored preference, with what became of it: the unit of export and of the lineage recount. */
export const Preference = z
  .strictObject({
    seq: z.number().int().meta({ description: 'Order of arrival; the cursor of exports.' }),
    id: RecordId,
    domain: Slug,
    user: UserId.nullable(),
    comparison: InlineComparison.extend({ id: RecordId }).meta({ id: 'IdentifiedComparison' }),
    choice: Choice,
    reason: z.string().nullable(),
    supersedes: RecordId.nullable(),
    supersededBy: RecordId.nullable(),
    confidence: z.number(),
    weight: z.number(),
    status: PreferenceStatus,
    notTrainable: NotTrainableReason.nullable(),
    batch: RecordId.nullable(),
    adapter: Sha256.nullable().meta({ description: 'The adapter whose training consumed it.' }),
    createdAt: Timestamp,
  })
  .meta({ id: 'Preference' });
export type Preference = z.infer<typeof Preference>;

export const PreferencePage = z
  .strictObject({ items: z.array(Preference), next: z.number().int().nullable() })
  .meta({ id: 'PreferencePage' });
export type PreferencePage = z.infer<typeof PreferencePage>;
