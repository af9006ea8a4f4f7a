import type { Client } from '../client/client.ts';
import { UsageError } from './arguments.ts';

/** The edge lists no more. */
const MOST = 100;

/** The whole sha of the one encoder that begins like this. */
export async function findEncoder(client: Client, sha: string, domain?: string): Promise<string> {
  if (!/^[0-9a-f]{6,64}$/.test(sha)) throw new UsageError(`an encoder is named by 6 to 64 hex digits, not "${sha}"`);
  if (sha.length === 64) return sha;
  const found = (await client.listEncoders(domain, MOST)).items.filter(({ encoder }) => encoder.sha.startsWith(sha));
  const [only] = found;
  if (only && found.length === 1) return only.encoder.sha;
  throw new Error(`${found.length || 'no'} encoders${domain ? ` of ${domain}` : ''} begin with ${sha}`);
}
