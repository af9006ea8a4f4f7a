/**
 * The tables. Everything belongs to a project; ids are unique inside one. Times are Unix milliseconds of the server.
 * Migrations are forward-only SQL in /migrations: generated from here, then read by a person.
 */
import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import type { Gate, Metrics } from '../../shared/contracts/adapter.ts';
import type { BatchState, BatchWeights } from '../../shared/contracts/batch.ts';
import type { Content, Origin } from '../../shared/contracts/candidate.ts';
import type { ComparisonKind } from '../../shared/contracts/comparison.ts';
import type { EncoderInput, UnusableReason } from '../../shared/contracts/encoder.ts';
import type { FeatureList } from '../../shared/contracts/features.ts';
import type { MediaType } from '../../shared/contracts/image.ts';
import type { Scope } from '../../shared/contracts/key.ts';
import type { Choice, NotTrainableReason, PreferenceStatus } from '../../shared/contracts/preference.ts';
import type { Prompt } from '../../shared/contracts/prompt.ts';
import type { GateBounds, Recipe } from '../../shared/contracts/recipe.ts';

export const project = sqliteTable('project', {
  id: text().primaryKey(),
  name: text().notNull(),
  allowedOrigins: text('allowed_origins', { mode: 'json' }).$type<string[]>().notNull(),
  requireAssignment: integer('require_assignment', { mode: 'boolean' }).notNull(),
  /** Signs assignment tokens and minted user tokens; 32 random bytes, base64url. */
  secret: text().notNull(),
  createdAt: integer('created_at').notNull(),
});

export const key = sqliteTable(
  'key',
  {
    id: text().primaryKey(),
    project: text().notNull(),
    kind: text({ enum: ['secret', 'public'] }).notNull(),
    name: text().notNull(),
    scopes: text({ mode: 'json' }).$type<Scope[]>().notNull(),
    /** SHA-256 of the whole key; the key itself is never stored. */
    hash: text().notNull(),
    createdAt: integer('created_at').notNull(),
    revokedAt: integer('revoked_at'),
  },
  (t) => [index('key_project').on(t.project, t.createdAt)],
);

export const signingKey = sqliteTable(
  'signing_key',
  {
    project: text().notNull(),
    kid: text().notNull(),
    algorithm: text({ enum: ['HS256', 'EdDSA'] }).notNull(),
    material: text().notNull(),
    createdAt: integer('created_at').notNull(),
    revokedAt: integer('revoked_at'),
  },
  (t) => [primaryKey({ columns: [t.project, t.kid] })],
);

export const domain = sqliteTable(
  'domain',
  {
    project: text().notNull(),
    id: text().notNull(),
    baseModel: text('base_model').notNull(),
    recipe: text({ mode: 'json' }).$type<Recipe>().notNull(),
    gates: text({ mode: 'json' }).$type<GateBounds>().notNull(),
    policy: text({ enum: ['gates'] }).notNull(),
    batchSize: integer('batch_size').notNull(),
    maxWaitSeconds: real('max_wait_seconds').notNull(),
    leaseSeconds: integer('lease_seconds').notNull(),
    maxAttempts: integer('max_attempts').notNull(),
    holdOut: real('hold_out').notNull(),
    splitBy: text('split_by', { enum: ['prompt', 'user'] }).notNull(),
    temperature: real().notNull(),
    topP: real('top_p').notNull(),
    maxTokens: integer('max_tokens').notNull(),
    system: text(),
    raterWeights: text('rater_weights', { enum: ['off', 'reliability'] })
      .notNull()
      .default('off'),
    /** Two pointers: where training continues, and what is served. null = the base. */
    head: text(),
    live: text(),
    /** The user encoder of new embeddings; null = tastes are not computed. */
    encoder: text(),
    createdAt: integer('created_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.id] })],
);

/** id = `h` + 40 hex digits of the hash of the canonical prompt: one row however often it is asked. */
export const prompt = sqliteTable(
  'prompt',
  {
    project: text().notNull(),
    id: text().notNull(),
    body: text({ mode: 'json' }).$type<Prompt>().notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.id] })],
);

export const comparison = sqliteTable(
  'comparison',
  {
    project: text().notNull(),
    id: text().notNull(),
    domain: text().notNull(),
    kind: text().$type<ComparisonKind>().notNull(),
    prompt: text().notNull(),
    /** Candidate ids in the dealt order. */
    candidates: text({ mode: 'json' }).$type<string[]>().notNull(),
    /** Whom it was dealt to; null = imported or not known. */
    user: text(),
    /** Hash of the request that made it: the same id with another request is a conflict. */
    bodyHash: text('body_hash').notNull(),
    /** Nonce of the signed deal; null = imported. */
    nonce: text(),
    createdAt: integer('created_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.id] })],
);

export const candidate = sqliteTable(
  'candidate',
  {
    project: text().notNull(),
    comparison: text().notNull(),
    id: text().notNull(),
    position: integer().notNull(),
    content: text({ mode: 'json' }).$type<Content>().notNull(),
    origin: text({ mode: 'json' }).$type<Origin>().notNull(),
    features: text({ mode: 'json' }).$type<FeatureList>(),
  },
  (t) => [primaryKey({ columns: [t.project, t.comparison, t.id] })],
);

/** Votes that put outputs in an order. SQLite finds the index by these very words. */
export const IS_DECIDED = `superseded_by IS NULL AND choice ->> '$.type' IN ('pair', 'ranking', 'rating')`;

export const preference = sqliteTable(
  'preference',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    project: text().notNull(),
    id: text().notNull(),
    /** SHA-256 of the canonical body: the same id with the same hash is a replay, with another a conflict. */
    bodyHash: text('body_hash').notNull(),
    domain: text().notNull(),
    comparison: text().notNull(),
    user: text(),
    choice: text({ mode: 'json' }).$type<Choice>().notNull(),
    reason: text(),
    supersedes: text(),
    supersededBy: text('superseded_by'),
    confidence: real().notNull(),
    weight: real().notNull(),
    latencyMs: integer('latency_ms'),
    nonce: text(),
    status: text().$type<PreferenceStatus>().notNull(),
    notTrainable: text('not_trainable').$type<NotTrainableReason>(),
    batch: text(),
    /** Place in the batch: the training order. */
    ordinal: integer(),
    createdAt: integer('created_at').notNull(),
  },
  (t) => [
    uniqueIndex('preference_id').on(t.project, t.id),
    // One deal, one vote; a changed mind keeps the nonce on the newest row only.
    uniqueIndex('preference_nonce').on(t.project, t.nonce).where(sql`nonce IS NOT NULL`),
    // Forming a batch and exporting a domain must cost the same at 1e4 and at 1e6 rows: no sort, no scan.
    index('preference_waiting').on(t.project, t.domain, t.seq).where(sql`status = 'waiting'`),
    index('preference_held_out').on(t.project, t.domain, t.seq).where(sql`status = 'heldOut'`),
    index('preference_batch').on(t.project, t.batch, t.ordinal).where(sql`batch IS NOT NULL`),
    index('preference_domain').on(t.project, t.domain, t.seq),
    // The newest votes that decide something, as the report of raters looks at them.
    index('preference_decided').on(t.project, t.domain, t.seq).where(sql.raw(IS_DECIDED)),
    index('preference_user').on(t.project, t.domain, t.user, t.seq).where(sql`user IS NOT NULL`),
  ],
);

/** A picture that was received and checked; its bytes lie in the bucket under their hash. */
export const image = sqliteTable(
  'image',
  {
    project: text().notNull(),
    sha256: text().notNull(),
    mediaType: text('media_type').$type<MediaType>().notNull(),
    width: integer().notNull(),
    height: integer().notNull(),
    bytes: integer().notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.sha256] })],
);

/** What turns votes into embeddings; never changed once it is here. */
export const encoder = sqliteTable(
  'encoder',
  {
    project: text().notNull(),
    sha: text().notNull(),
    domain: text().notNull(),
    body: text({ mode: 'json' }).$type<EncoderInput>().notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.sha] }), index('encoder_domain').on(t.project, t.domain, t.createdAt)],
);

/**
 * A person's embedding under one encoder, as it was after the vote `lastSeq`: computed again when it is asked for and a
 * later vote has come in. Two encoders never share a row.
 */
export const embedding = sqliteTable(
  'embedding',
  {
    project: text().notNull(),
    domain: text().notNull(),
    user: text().notNull(),
    encoder: text().notNull(),
    lastSeq: integer('last_seq').notNull(),
    votes: integer().notNull(),
    values: text({ mode: 'json' }).$type<number[]>().notNull(),
    uncertainty: text({ mode: 'json' }).$type<number[]>().notNull(),
    unusable: text({ mode: 'json' }).$type<{ preference: string; reason: UnusableReason }[]>().notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.domain, t.user, t.encoder] })],
);

/** Votes by status, kept by triggers: counting a million rows would cost more than the lease. */
export const preferenceCount = sqliteTable(
  'preference_count',
  {
    project: text().notNull(),
    domain: text().notNull(),
    status: text().notNull(),
    reason: text().notNull(),
    n: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.domain, t.status, t.reason] })],
);

/** Votes by the minute (since 1970) in which they arrived, and batches by state: kept by triggers, for pages that look every few seconds. */
export const voteMinute = sqliteTable(
  'vote_minute',
  {
    project: text().notNull(),
    domain: text().notNull(),
    minute: integer().notNull(),
    n: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.domain, t.minute] })],
);

export const batchCount = sqliteTable(
  'batch_count',
  {
    project: text().notNull(),
    domain: text().notNull(),
    state: text().$type<BatchState>().notNull(),
    n: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.domain, t.state] })],
);

export const batch = sqliteTable(
  'batch',
  {
    project: text().notNull(),
    id: text().notNull(),
    domain: text().notNull(),
    state: text().$type<BatchState>().notNull(),
    fence: integer().notNull(),
    attempts: integer().notNull(),
    runner: text(),
    leaseExpires: integer('lease_expires').notNull(),
    size: integer().notNull(),
    adapter: text(),
    error: text(),
    /** null = every vote counts as it says; {} = to be computed at the next lease; else a BatchWeights. */
    raterWeights: text('rater_weights', { mode: 'json' }).$type<BatchWeights | Record<string, never>>(),
    createdAt: integer('created_at').notNull(),
    completedAt: integer('completed_at'),
  },
  (t) => [
    primaryKey({ columns: [t.project, t.id] }),
    index('batch_open').on(t.project, t.domain, t.createdAt).where(sql`state IN ('ready', 'leased')`),
    // Lists, newest first: neither sorts what a domain has trained on in its life.
    index('batch_state').on(t.project, t.domain, t.state, t.createdAt, t.id),
    index('batch_domain').on(t.project, t.domain, t.createdAt, t.id),
    index('batch_adapter').on(t.project, t.adapter).where(sql`adapter IS NOT NULL`),
  ],
);

export const adapter = sqliteTable(
  'adapter',
  {
    project: text().notNull(),
    sha: text().notNull(),
    domain: text().notNull(),
    parent: text(),
    baseModel: text('base_model').notNull(),
    baseFingerprint: text('base_fingerprint').notNull(),
    recipe: text({ mode: 'json' }).$type<Recipe>().notNull(),
    files: text({ mode: 'json' }).$type<{ name: string; sha256: string; bytes: number }[]>().notNull(),
    metrics: text({ mode: 'json' }).$type<Metrics>().notNull(),
    losses: text({ mode: 'json' }).$type<number[]>().notNull(),
    /** The losses thinned, for lists; null = there are few. */
    curve: text({ mode: 'json' }).$type<number[]>(),
    gates: text({ mode: 'json' }).$type<Gate[]>().notNull(),
    runtime: text().notNull(),
    /** The user encoder it was trained with; null = it knows nobody. */
    encoder: text(),
    stage: text({ enum: ['staged', 'canary', 'live', 'retired'] }).notNull(),
    /** Votes its own batch consumed when it was made, and when the oldest of them came in: for people, not for proofs. */
    preferences: integer().notNull(),
    oldestVoteAt: integer('oldest_vote_at'),
    createdAt: integer('created_at').notNull(),
    liveAt: integer('live_at'),
  },
  (t) => [primaryKey({ columns: [t.project, t.sha] }), index('adapter_domain').on(t.project, t.domain, t.createdAt)],
);

/** A file that was received, hashed and checked; its bytes lie in the bucket under its hash. */
export const adapterFile = sqliteTable(
  'adapter_file',
  {
    project: text().notNull(),
    sha256: text().notNull(),
    name: text().notNull(),
    bytes: integer().notNull(),
    /** What the header said: rank and module count of an adapter, rank and targets of a config. */
    facts: text({ mode: 'json' }).$type<Record<string, unknown>>().notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.project, t.sha256, t.name] })],
);

export const aliasMove = sqliteTable(
  'alias_move',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    project: text().notNull(),
    domain: text().notNull(),
    from: text('from_sha'),
    to: text('to_sha'),
    action: text({ enum: ['promote', 'rollback'] }).notNull(),
    actor: text().notNull(),
    note: text().notNull(),
    freed: integer().notNull(),
    at: integer().notNull(),
  },
  (t) => [index('alias_move_domain').on(t.project, t.domain, t.seq)],
);

/**
 * The IF that D1 lacks: inserting a row whose `ok` is 0 violates the CHECK and rolls the whole batch of statements
 * back. Rows that pass are deleted by the same batch.
 */
export const guard = sqliteTable('guard', { name: text().notNull(), ok: integer().notNull() }, (t) => [
  check('guard_ok', sql`${t.ok} = 1`),
]);
