/** The client's main paths, as one script that runs wherever the client does: it tells what came of each. */
import { type Client, createClient, EdgeError } from '../../../shared/client/client.ts';

export type Stop = { edge: string; project: string; token: string; picture: number[] };

const messages = [{ role: 'user' as const, content: 'Where is my parcel?' }];
const chat = { model: 'replies', messages };

const codeOf = (error: unknown) => (error instanceof EdgeError ? [error.code, error.status] : String(error));

async function read(client: Client, options?: { timeoutMs?: number; signal?: AbortSignal; onPiece?: () => void }) {
  let text = '';
  for await (const { choices } of (await client.streamChat(chat, options)).chunks) {
    text += choices[0]?.delta.content ?? '';
    options?.onPiece?.();
  }
  return text;
}

export async function walkMainPaths({ edge, project, token, picture }: Stop) {
  const client = createClient({ edge, token: async () => token });
  const dealt = await client.createComparison({ domain: 'replies', prompt: { messages } });
  const chosen = dealt.candidates[0]?.id ?? '';
  const vote = { id: crypto.randomUUID(), comparison: dealt.id, assignment: dealt.assignment };
  const cast = () => client.createPreference({ ...vote, choice: { type: 'pair', chosen } });
  const first = await cast();

  let tries = 0;
  const shaky = createClient({
    edge,
    token,
    sleep: async () => undefined,
    fetch: (url, init) => (++tries === 1 ? Promise.reject(new TypeError('cut')) : fetch(url, init)),
  });
  const stop = new AbortController();
  const upload = await client.uploadImage(new Uint8Array(picture));
  const shown = await client.downloadOpenImage(project, upload.sha256);
  const unheard = createClient({ edge: 'http://127.0.0.1:9', token, retries: 0 });

  return {
    models: (await client.listModels()).data.map(({ id }) => id),
    votes: [first.replayed, (await cast()).replayed],
    answer: (await client.chat(chat)).completion.choices[0]?.message.content,
    streamed: await read(client),
    retried: [(await shaky.listModels()).object, tries],
    picture: shown.length === picture.length && shown.every((byte, i) => byte === picture[i]),
    refused: await client.getStats('replies').catch(codeOf),
    unreachable: await unheard.getHealth().catch(codeOf),
    silent: await read(client, { timeoutMs: 400 }).catch(codeOf),
    aborted: await read(client, { signal: stop.signal, onPiece: () => stop.abort(new Error('enough')) }).catch(codeOf),
  };
}
