/** What the operator's pages and the demo show: counts and curves, never texts. */
import { z } from 'zod';
import { AdapterRecord, AliasMove } from './adapter.ts';
import { Domain } from './domain.ts';
import { PreferenceStatus } from './preference.ts';

export const DomainCounts = z.strictObject({
  preferences: z.record(PreferenceStatus, z.number().int()).meta({ description: 'Votes by what became of them.' }),
  notTrainable: z.record(z.string(), z.number().int()).meta({ description: 'Votes that cannot train, by reason.' }),
  batches: z.strictObject({
    ready: z.number().int(),
    leased: z.number().int(),
    completed: z.number().int(),
    quarantined: z.number().int(),
  }),
});
export type DomainCounts = z.infer<typeof DomainCounts>;

/** Points of a loss curve in a list of adapters, at most. */
export const LISTED_LOSSES = 200;

export const DomainStats = DomainCounts.extend({
  domain: Domain,
  adapters: z.array(AdapterRecord).meta({
    description: `The last 100, oldest first: the points of the curves. Of more than ${LISTED_LOSSES} losses as many means of equal stretches, to six digits; all of them are at /v1/adapters/{sha}.`,
  }),
  moves: z.array(AliasMove).meta({ description: 'The last 20 moves of the live alias, newest first.' }),
}).meta({ id: 'DomainStats' });
export type DomainStats = z.infer<typeof DomainStats>;

export const Health = z
  .strictObject({
    status: z.enum(['ok', 'degraded']),
    version: z.string(),
    host: z.enum(['workers', 'deno', 'node']),
    database: z.boolean(),
    files: z.boolean(),
    inference: z.boolean().nullable().meta({ description: 'null = no back end is configured.' }),
  })
  .meta({ id: 'Health' });
export type Health = z.infer<typeof Health>;
