/** The operator's page: its session, what it watches, and what it shows of a person and of a model. */
import { z } from 'zod';
import { Slug, Timestamp } from './ids.ts';

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
