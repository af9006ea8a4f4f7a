/** Calls of people's pages and of importers: comparisons, pictures and preferences. */
import type { z } from 'zod';
import type { Comparison, ComparisonRecord, ComparisonRequest } from '../contracts/comparison.ts';
import type { ImageReceipt } from '../contracts/image.ts';
import type { UserToken, UserTokenInput } from '../contracts/key.ts';
import type {
  BulkResult,
  Preference,
  PreferenceInput,
  PreferencePage,
  PreferenceReceipt,
} from '../contracts/preference.ts';
import { sha256Hex } from '../math/record-id.ts';
import { uuidv7 } from '../math/uuidv7.ts';
import { type CallOptions, readJson, type Send } from './request.ts';

/** `user`: theirs alone, newest first; `domain` is needed with it. */
export type PreferenceQuery = { domain?: string; user?: string; after?: number; limit?: number };

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> & { id?: string } : never;

export function collect(send: Send) {
  const listPreferences = (query: PreferenceQuery, options?: CallOptions) =>
    send({ method: 'GET', path: '/v1/preferences', query, ...options }, readJson<PreferencePage>);

  return {
    createUserToken: (json: z.input<typeof UserTokenInput>, options?: CallOptions) =>
      send({ method: 'POST', path: '/v1/user-tokens', json, repeatable: true, ...options }, readJson<UserToken>),

    /** Deals a comparison. The id is made here when there is none, so that a retry is dealt the same one. */
    createComparison: (input: z.input<typeof ComparisonRequest>, options?: CallOptions) => {
      const json = { ...input, id: input.id ?? uuidv7() };
      const call = { method: 'POST', path: '/v1/comparisons', json, repeatable: true, timeoutMs: 120_000 } as const;
      return send({ ...call, ...options }, readJson<Comparison>);
    },
    getComparison: (id: string, options?: CallOptions) =>
      send(
        { method: 'GET', path: `/v1/comparisons/${encodeURIComponent(id)}`, ...options },
        readJson<ComparisonRecord>,
      ),

    /** The bytes of a picture that was dealt, drawn or uploaded, with a secret key. */
    downloadImage: (sha256: string, options?: CallOptions) =>
      send(
        { method: 'GET', path: `/v1/images/${encodeURIComponent(sha256)}`, ...options },
        async (response) => new Uint8Array(await response.arrayBuffer()),
      ),

    /**
     * Uploads a PNG, JPEG or WebP of 20 MB at most, under the hash of its bytes: a second time changes nothing. The answer's
     * `sha256` is a candidate's content. Web Crypto makes the hash; pages have it over https and on localhost.
     */
    uploadImage: async (bytes: Uint8Array<ArrayBuffer> | Blob, options?: CallOptions) => {
      const sha256 = await sha256Hex(bytes instanceof Blob ? await bytes.arrayBuffer() : bytes);
      const call = { method: 'PUT', path: `/v1/images/${sha256}`, bytes, timeoutMs: 120_000 } as const;
      return send({ ...call, ...options }, readJson<ImageReceipt>);
    },

    /** Stores a vote. Keep the id with the vote where it may be sent again later: the second time is a replay. */
    createPreference: (input: WithoutId<z.input<typeof PreferenceInput>>, options?: CallOptions) => {
      const json = { ...input, id: input.id ?? uuidv7() };
      return send(
        { method: 'POST', path: '/v1/preferences', json, repeatable: true, ...options },
        readJson<PreferenceReceipt>,
      );
    },
    /** Up to 500 votes, each answered on its own. */
    createPreferences: (items: z.input<typeof PreferenceInput>[], options?: CallOptions) => {
      const call = { method: 'POST', path: '/v1/preferences/bulk', json: { items }, repeatable: true } as const;
      return send({ ...call, timeoutMs: 60_000, ...options }, readJson<BulkResult>);
    },
    getPreference: (id: string, options?: CallOptions) =>
      send({ method: 'GET', path: `/v1/preferences/${encodeURIComponent(id)}`, ...options }, readJson<Preference>),
    /** One page in order of arrival, of a user’s votes newest first; `after` is the `next` of the page before. */
    listPreferences,
    /** All of them, page by page, in the order of the pages. */
    async *eachPreference(query: PreferenceQuery, options?: CallOptions) {
      let after: number | null | undefined = query.after;
      do {
        const page: PreferencePage = await listPreferences({ ...query, ...(after != null && { after }) }, options);
        yield* page.items;
        after = page.next;
      } while (after !== null);
    },
  };
}
