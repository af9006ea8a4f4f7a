/** Why a person is answered as they are. */
import { z } from 'zod';
import { Sha256, Slug, UserId } from './ids.ts';

export const UserRoute = z
  .strictObject({
    user: UserId,
    domain: Slug,
    adapter: Sha256.nullable().meta({
      description: 'The adapter that answers; null = the base, to which a mixture adds what it adds.',
    }),
    personal: z.enum(['mixture', 'embedding']).nullable().meta({
      description:
        'mixture: adapters are added to the base by the person’s own weights; embedding: the adapter is told whose taste it is; null = as for everybody.',
    }),
    encoder: Sha256.nullable().meta({ description: 'The user encoder that the taste was computed with.' }),
    votes: z.number().int().min(0).meta({ description: 'Of the person, that the taste was computed from.' }),
    because: z.array(z.string()).meta({ description: 'The reasons, in sentences for people.' }),
  })
  .meta({
    id: 'UserRoute',
    description: 'What answers a person who asks with a user token of their own, and does not say `personal: false`.',
  });
export type UserRoute = z.infer<typeof UserRoute>;
