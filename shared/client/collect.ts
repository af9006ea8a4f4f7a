/** Calls of people's pages and of importers: comparisons, pictures and preferences. */
import { sha256Hex } from '../math/record-id.ts';
import { uuidv7 } from '../math/uuidv7.ts';
import type { Body, CallOptions, Query, Send } from './request.ts';
import type { Bytes, PreferenceInput } from './wire.ts';

export type PreferenceQuery = Query<'GET /v1/preferences'>;

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> & { id?: string } : never;

const readImage = async (response: Response) => new Uint8Array(await response.arrayBuffer());

export function collect(send: Send) {
  const listPreferences = (query: PreferenceQuery = {}, options?: CallOptions) =>
    send('GET /v1/preferences', { query }, options);

  return {
    createUserToken: (body: Body<'POST /v1/user-tokens'>, options?: CallOptions) =>
      send('POST /v1/user-tokens', { body, repeatable: true }, options),

    /** Deals a comparison. The id is made here when there is none, so that a retry is dealt the same one. */
    createComparison: (input: Body<'POST /v1/comparisons'>, options?: CallOptions) => {
      const body = { ...input, id: input.id ?? uuidv7() };
      return send('POST /v1/comparisons', { body, repeatable: true, timeoutMs: 120_000 }, options);
    },
    getComparison: (id: string, options?: CallOptions) => send('GET /v1/comparisons/{id}', { path: { id } }, options),

    /** The bytes of a picture that was dealt, drawn or uploaded, with a secret key. */
    downloadImage: (sha256: string, options?: CallOptions) =>
      send('GET /v1/images/{sha256}', { path: { sha256 } }, options, readImage),
    /** The same without a key: who knows the hash may see the picture. Its address is what pages show. */
    downloadOpenImage: (project: string, sha256: string, options?: CallOptions) =>
      send('GET /v1/images/{project}/{sha256}', { path: { project, sha256 }, open: true }, options, readImage),
    /**
     * Uploads a PNG, JPEG or WebP of 20 MB at most, under the hash of its bytes: a second time changes nothing. The answer's
     * `sha256` is a candidate's content. Web Crypto makes the hash; pages have it over https and on localhost.
     */
    uploadImage: async (body: Bytes, options?: CallOptions) => {
      const sha256 = await sha256Hex(body instanceof Blob ? await body.arrayBuffer() : body);
      return send('PUT /v1/images/{sha256}', { path: { sha256 }, body, timeoutMs: 120_000 }, options);
    },

    /** Stores a vote. Keep the id with the vote where it may be sent again later: the second time is a replay. */
    createPreference: (input: WithoutId<PreferenceInput>, options?: CallOptions) => {
      const body = { ...input, id: input.id ?? uuidv7() };
      return send('POST /v1/preferences', { body, repeatable: true }, options);
    },
    /** Up to 500 votes, each answered on its own. */
    createPreferences: (items: PreferenceInput[], options?: CallOptions) =>
      send('POST /v1/preferences/bulk', { body: { items }, repeatable: true, timeoutMs: 60_000 }, options),
    getPreference: (id: string, options?: CallOptions) => send('GET /v1/preferences/{id}', { path: { id } }, options),
    /** One page in order of arrival, of a `user`’s votes newest first; `after` is the `next` of the page before. */
    listPreferences,
    /** All of them, page by page, in the order of the pages; `limit` is the size of a page. */
    async *eachPreference(query: PreferenceQuery = {}, options?: CallOptions) {
      for (let after = query.after; ; ) {
        const page = await listPreferences({ ...query, after }, options);
        yield* page.items;
        if (page.next === null) return;
        after = page.next;
      }
    },
  };
}
