/** Secret keys (`sk_`, for servers), public keys (`pk_`, for pages of listed origins), signing keys, user tokens. */
import { z } from 'zod';
import { Slug, Timestamp, UserId } from './ids.ts';
import { NonEmptyText } from './text.ts';

/** admin: everything · ingest: write prompts, candidates, votes · train: lease and publish · infer: ask for outputs. */
export const Scope = z.enum(['admin', 'ingest', 'train', 'infer']).meta({ id: 'Scope' });
export type Scope = z.infer<typeof Scope>;

export const KeyInput = z
  .strictObject({
    kind: z.enum(['secret', 'public']).default('secret'),
    name: NonEmptyText.max(100),
    scopes: z.array(Scope).max(4).default([]).meta({ description: 'Scopes of a secret key; a public key has none.' }),
  })
  .refine((key) => (key.kind === 'secret') === key.scopes.length > 0, {
    message: 'a secret key needs at least one scope, a public key none',
    path: ['scopes'],
  })
  .meta({ id: 'KeyInput' });
export type KeyInput = z.infer<typeof KeyInput>;

export const Key = z
  .strictObject({
    id: z.string().meta({ description: 'The public part of the key; names it in lists and logs.' }),
    kind: z.enum(['secret', 'public']),
    name: z.string(),
    scopes: z.array(Scope),
    createdAt: Timestamp,
    revokedAt: Timestamp.nullable(),
  })
  .meta({ id: 'Key' });
export type Key = z.infer<typeof Key>;

export const KeyCreated = z
  .strictObject({ key: Key, secret: z.string().meta({ description: 'Shown once; only its hash is kept.' }) })
  .meta({ id: 'KeyCreated' });
export type KeyCreated = z.infer<typeof KeyCreated>;

export const KeyList = z
  .strictObject({ items: z.array(Key) })
  .meta({ id: 'KeyList', description: 'Oldest first, the revoked ones included.' });
export type KeyList = z.infer<typeof KeyList>;

/** A key with which the customer's own server signs user tokens. Two live ones allow rotation. */
export const SigningKeyInput = z
  .discriminatedUnion('algorithm', [
    z
      .strictObject({
        kid: Slug,
        algorithm: z.literal('HS256'),
        secret: NonEmptyText.min(32).max(512).meta({ description: 'Shared secret, 32 characters at least.' }),
      })
      .meta({ id: 'SharedSigningKey' }),
    z
      .strictObject({
        kid: Slug,
        algorithm: z.literal('EdDSA'),
        publicKey: z
          .string()
          .regex(/^[A-Za-z0-9_-]{43}$/, 'must be the base64url of 32 bytes, without padding')
          .meta({ description: 'Ed25519 public key: base64url of the 32 raw bytes.' }),
      })
      .meta({ id: 'PublicSigningKey' }),
  ])
  .meta({ id: 'SigningKeyInput' });
export type SigningKeyInput = z.infer<typeof SigningKeyInput>;

export const SigningKey = z
  .strictObject({
    kid: Slug,
    algorithm: z.enum(['HS256', 'EdDSA']),
    createdAt: Timestamp,
    revokedAt: Timestamp.nullable(),
  })
  .meta({ id: 'SigningKey' });
export type SigningKey = z.infer<typeof SigningKey>;

export const SigningKeyList = z.strictObject({ items: z.array(SigningKey) }).meta({ id: 'SigningKeyList' });
export type SigningKeyList = z.infer<typeof SigningKeyList>;

/** collect: be dealt comparisons and vote · infer: ask for answers. */
export const UserScope = z.enum(['collect', 'infer']).meta({ id: 'UserScope' });
export type UserScope = z.infer<typeof UserScope>;

export const UserTokenInput = z
  .strictObject({
    user: UserId,
    scopes: z.array(UserScope).min(1).max(2).optional().meta({
      description: 'What the token may do. A key grants collect with ingest, infer with infer; default: all it can.',
    }),
    expiresInSeconds: z.number().int().min(60).max(3600).default(3600),
  })
  .meta({ id: 'UserTokenInput' });
export type UserTokenInput = z.infer<typeof UserTokenInput>;

export const UserToken = z.strictObject({ token: z.string(), expiresAt: Timestamp }).meta({ id: 'UserToken' });
export type UserToken = z.infer<typeof UserToken>;
