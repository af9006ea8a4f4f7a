/** Asks an edge as the console's page does, and takes the time. */
import { gzipSync } from 'node:zlib';
import type { ConsoleRequest } from './requests.ts';

/** Rounds whose time is not taken. */
const WARM_UP = 3;

/** The cookie of a session, as a browser sends it. */
export async function signIn(url: string, key: string): Promise<string> {
  const headers = { 'content-type': 'application/json', origin: url };
  const answer = await fetch(`${url}/console/session`, { method: 'POST', headers, body: JSON.stringify({ key }) });
  const cookie = answer.headers.get('set-cookie')?.split(';')[0];
  if (!answer.ok || !cookie) throw new Error(`the console let nobody in: ${answer.status} ${await answer.text()}`);
  return cookie;
}

export type Measured = { milliseconds: number[]; bytes: number };

export async function measureRequests(
  url: string,
  cookie: string,
  requests: ConsoleRequest[],
  rounds: number,
  vote: () => Promise<unknown>,
): Promise<Measured[]> {
  const measured = requests.map((): Measured => ({ milliseconds: [], bytes: 0 }));
  for (let round = -WARM_UP; round < rounds; round++) {
    await vote();
    for (const [index, request] of requests.entries()) {
      const started = performance.now();
      const body = await read(url, cookie, request);
      const taken = performance.now() - started;
      const known = measured[index] as Measured;
      if (round === -WARM_UP) request.shape?.parse(JSON.parse(body));
      known.bytes = Buffer.byteLength(body);
      if (round >= 0) known.milliseconds.push(taken);
    }
  }
  return measured;
}

/** The whole answer; of a stream, the data of its first event. */
async function read(url: string, cookie: string, { path, isStream }: ConsoleRequest): Promise<string> {
  const left = new AbortController();
  const headers = { cookie, 'sec-fetch-site': 'same-origin' };
  const answer = await fetch(`${url}${path}`, { headers, signal: left.signal });
  if (!answer.ok || !answer.body) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  if (!isStream) return answer.text();
  let text = '';
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const data = /^data: ?(.*)\n\n/m.exec(text)?.[1];
    if (data === undefined) continue;
    left.abort();
    return data;
  }
  throw new Error(`${path} ended without an event`);
}

/** Bytes of the page with its script and style, as a server that compresses sends them; it loads nothing else. */
export async function weighPage(url: string): Promise<number> {
  const html = await (await fetch(`${url}/console`)).text();
  const more = /<(?:script|link|img)[^>]*\s(?:src|href)="(?!data:)([^"]*)"/.exec(html)?.[1];
  if (more) throw new Error(`the page loads ${more} too: weigh that`);
  return gzipSync(html).length;
}
