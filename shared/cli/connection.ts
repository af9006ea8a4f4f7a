/** Where the edge is and who is asking: options, or the environment. */
import { type Client, type ClientOptions, createClient } from '../client/client.ts';
import { UsageError } from './arguments.ts';

/** Of commands that an edge answers without a key. */
export const edgeOption = { type: 'text', value: 'URL', help: 'Address of the edge; else PREFLOOP_EDGE.' } as const;

/** Options of every command that talks to an edge. */
export const connectionOptions = {
  edge: edgeOption,
  key: { type: 'text', value: 'KEY', help: 'Secret key; else PREFLOOP_KEY, which other people’s `ps` does not show.' },
} as const;

/** Of commands that may ask as one person: theirs is the taste, and what a page of theirs would get. */
export const userOption = {
  type: 'text',
  value: 'USER',
  help: 'Ask as this person, by a token of five minutes that the key mints.',
} as const;

type Given = { edge: string | undefined; key: string | undefined };

function readAddress(edge = process.env.PREFLOOP_EDGE): string {
  if (!edge) throw new UsageError('which edge? Give --edge URL or set PREFLOOP_EDGE');
  if (!/^https?:\/\//.test(edge) || !URL.canParse(edge)) {
    throw new UsageError(`the edge’s address must begin with http:// or https://, not "${edge}"`);
  }
  return edge;
}

/** Throws UsageError when either is missing or the address is none. */
function readConnection({ edge, key }: Given): ClientOptions {
  const address = readAddress(edge);
  const token = key ?? process.env.PREFLOOP_KEY;
  if (!token) throw new UsageError('with which key? Give --key KEY or set PREFLOOP_KEY');
  return { edge: address, token };
}

/** Throws UsageError when it is not said which edge, or with which key. */
export const openClient = (given: Given): Client => createClient(readConnection(given));

/** Without a key. */
export const openEdge = ({ edge }: Pick<Given, 'edge'>): Client => createClient({ edge: readAddress(edge) });

/** As the key, or as a person who may ask for answers. */
export async function openClientAs(user: string | undefined, given: Given): Promise<Client> {
  const client = openClient(given);
  if (user === undefined) return client;
  const { token } = await client.createUserToken({ user, scopes: ['infer'], expiresInSeconds: 300 });
  return createClient({ edge: readAddress(given.edge), token });
}
