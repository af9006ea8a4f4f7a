/** Where the edge is and who is asking: options, or the environment. */
import { type Client, createClient } from '../client/client.ts';
import { UsageError } from './arguments.ts';

/** Options of every command that talks to an edge. */
export const connectionOptions = {
  edge: { type: 'text', value: 'URL', help: 'Address of the edge; else PREFLOOP_EDGE.' },
  key: { type: 'text', value: 'KEY', help: 'Secret key; else PREFLOOP_KEY, which other people’s `ps` does not show.' },
} as const;

/** Throws UsageError when either is missing or the address is none. */
export function openClient({ edge, key }: { edge: string | undefined; key: string | undefined }): Client {
  const address = edge ?? process.env.PREFLOOP_EDGE;
  const token = key ?? process.env.PREFLOOP_KEY;
  if (!address) throw new UsageError('which edge? Give --edge URL or set PREFLOOP_EDGE');
  if (!/^https?:\/\//.test(address) || !URL.canParse(address)) {
    throw new UsageError(`the edge’s address must begin with http:// or https://, not "${address}"`);
  }
  if (!token) throw new UsageError('with which key? Give --key KEY or set PREFLOOP_KEY');
  return createClient({ edge: address, token });
}
