import type { Client } from '../client/client.ts';
import type { AdapterRecord } from '../contracts/adapter.ts';
import { UsageError } from './arguments.ts';

/** The edge lists no more. */
const MOST = 1000;

/** An adapter, whole, by its sha or by the start of it that only one has. */
export async function findAdapter(client: Client, sha: string, domain?: string): Promise<AdapterRecord> {
  if (!/^[0-9a-f]{6,64}$/.test(sha)) throw new UsageError(`an adapter is named by 6 to 64 hex digits, not "${sha}"`);
  if (sha.length === 64) return client.getAdapter(sha);
  const found = (await client.listAdapters(domain, MOST)).items.filter((adapter) => adapter.sha.startsWith(sha));
  const [only] = found;
  // A list has thinned loss curves.
  if (only && found.length === 1) return client.getAdapter(only.sha);
  throw new Error(
    found.length === 0
      ? `no adapter begins with ${sha}`
      : `${found.length} adapters begin with ${sha}; give more digits`,
  );
}
