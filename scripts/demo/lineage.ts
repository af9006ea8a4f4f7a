/** Recounts from the lineage how often each vote was trained on: never from a counter. */
import type { Client } from '../../shared/client/client.ts';

export type TrainingCount = { trainedOnce: number; trainedTwice: number; neverTrained: number; notTrainable: number };

/**
 * Walks the domain's line of adapters from the head to the base, collects the members of every batch they learned
 * from, and compares with the export. `neverTrained` counts votes that should have been trained on and were not.
 */
export async function countTraining(client: Client, domain: string): Promise<TrainingCount> {
  const times = new Map<string, number>();
  let { head: sha } = await client.getDomain(domain);
  while (sha) {
    const adapter = await client.getAdapter(sha);
    for (const id of adapter.batches) {
      for (const preference of (await client.getBatch(id)).preferences)
        times.set(preference, (times.get(preference) ?? 0) + 1);
    }
    sha = adapter.parent;
  }
  const count: TrainingCount = { trainedOnce: 0, trainedTwice: 0, neverTrained: 0, notTrainable: 0 };
  for await (const { id, status } of client.eachPreference({ domain, limit: 500 })) {
    const trained = times.get(id) ?? 0;
    if (status === 'notTrainable') count.notTrainable += 1;
    else if (trained > 1) count.trainedTwice += 1;
    else if (trained === 1) count.trainedOnce += 1;
    else if (status === 'waiting' || status === 'batched' || status === 'consumed') count.neverTrained += 1;
  }
  return count;
}
