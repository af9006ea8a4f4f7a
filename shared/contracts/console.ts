/** The operator's page: its session, what it watches, and what it shows of a person and of a model. */
import { z } from 'zod';
import { Sha256, Slug, Timestamp } from './ids.ts';
import { DomainCounts } from './stats.ts';

export const ConsoleSessionInput = z
  .strictObject({ key: z.string().min(1).max(200).meta({ description: 'A secret key with the scope admin.' }) })
  .meta({ id: 'ConsoleSessionInput' });
export type ConsoleSessionInput = z.infer<typeof ConsoleSessionInput>;

export const ConsoleSession = z
  .strictObject({
    project: z.strictObject({ id: Slug, name: z.string() }),
    key: z.string().meta({ description: 'The id of the key that opened it, and the actor of what it does.' }),
    expiresAt: Timestamp,
  })
  .meta({
    id: 'ConsoleSession',
    description: 'Who is signed in; the session itself is a cookie that no script reads.',
  });
export type ConsoleSession = z.infer<typeof ConsoleSession>;

/** Minutes of `votesPerMinute`. */
export const LIVE_MINUTES = 60;

export const DomainLive = DomainCounts.extend({
  now: Timestamp.meta({ description: 'Of the server.' }),
  votesPerMinute: z.array(z.number().int()).length(LIVE_MINUTES).meta({
    description: 'Votes that arrived in each of the last 60 minutes, oldest first; the last one is still running.',
  }),
  head: Sha256.nullable().meta({ description: 'The adapter that training goes on from.' }),
  live: Sha256.nullable().meta({ description: 'The adapter that is served; null = the base.' }),
  newestAdapter: Sha256.nullable(),
  lastMoveAt: Timestamp.nullable().meta({ description: 'When the live alias was moved last.' }),
}).meta({ id: 'DomainLive', description: 'How a domain is right now: the data of each `state` event.' });
export type DomainLive = z.infer<typeof DomainLive>;
