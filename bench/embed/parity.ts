/** The edge's embeddings beside those that something else made of the same votes. */
import { z } from 'zod';
import type { Client } from '../../shared/client/client.ts';
import { featureVote } from './votes.ts';

const Numbers = z.array(z.number());
/** chosen and rejected: V × F; weight: V, each above 0 and at most 1; embedding flat or by tokens. */
const Sets = z.object({
  sets: z
    .array(
      z.object({
        chosen: z.array(Numbers).min(1).max(64),
        rejected: z.array(Numbers),
        weight: z.array(z.number().gt(0).max(1)),
        embedding: z.union([Numbers, z.array(Numbers)]),
        uncertainty: z.union([z.number(), Numbers]),
      }),
    )
    .min(1),
});
type Set = z.infer<typeof Sets>['sets'][number];

export function readSets(text: string): Set[] {
  return Sets.parse(JSON.parse(text)).sets;
}

/** The largest absolute difference of any number. */
export async function measureParity(client: Client, domain: string, space: string, sets: readonly Set[]) {
  let largest = 0;
  for (const [index, { chosen, rejected, weight, embedding, uncertainty }] of sets.entries()) {
    const user = `parity-${index}`;
    const votes = chosen.map((each, v) =>
      featureVote({ domain, user, space, chosen: each, rejected: rejected[v] ?? [], weight: weight[v] ?? 1 }),
    );
    const { rejected: refused } = await client.createPreferences(votes);
    const found = await client.getEmbedding(user, domain);
    if (refused > 0 || found.votes !== votes.length) throw new Error(`set ${index}: not all of its votes were usable`);
    const wanted = [...embedding.flat(), ...[uncertainty].flat()];
    const said = [...found.values, ...found.uncertainty];
    if (said.length !== wanted.length) throw new Error(`set ${index}: ${said.length} numbers, not ${wanted.length}`);
    for (const [at, value] of said.entries()) largest = Math.max(largest, Math.abs(value - (wanted[at] as number)));
  }
  return largest;
}
