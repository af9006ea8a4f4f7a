/** The runner's own server, `prefloop-runner serve`. */
import { z } from 'zod';
import { Features } from '../../shared/contracts/features.ts';
import { ChatCompletion, CreditResult } from '../../shared/contracts/inference.ts';
import { ApiError } from '../access/api-error.ts';
import type { Ask, BackEnd } from './back-end.ts';

/** Header of an answer: which adapter made it. */
export const ADAPTER_HEADER = 'x-prefloop-adapter';

/** A model may take its time, but not for ever. */
const GENERATION_MS = 300_000;
const LOADING_MS = 120_000;

const Failed = z.looseObject({ message: z.string() });
const Loaded = z.looseObject({ differs: z.boolean() });
const Pictures = z.looseObject({
  model: z.string(),
  data: z.array(z.looseObject({ b64_json: z.string(), seed: z.number().int(), features: Features.optional() })),
});

export function runnerBackEnd(url: string, key: string | undefined): BackEnd {
  const post = (path: string, body: unknown, signal: AbortSignal) => send(`${url}${path}`, key, body, signal);

  const stream = async (ask: Ask, signal: AbortSignal): Promise<Response> => {
    const response = await post(
      '/v1/chat/completions',
      ask,
      AbortSignal.any([signal, AbortSignal.timeout(GENERATION_MS)]),
    );
    if (!response.ok) throw await refusal(response);
    const adapter = response.headers.get(ADAPTER_HEADER);
    // An answer of somebody else's adapter must never be passed on.
    if (adapter !== null && adapter !== ask.model) {
      await response.body?.cancel();
      throw new ApiError(
        'inference_failed',
        'The inference back end answered through another adapter than it was asked for.',
      );
    }
    return response;
  };

  return {
    stream,
    complete: async (ask, signal) => {
      const parsed = ChatCompletion.safeParse(await readJson(await stream({ ...ask, stream: false }, signal)));
      if (parsed.success && parsed.data.choices.length > 0) return parsed.data;
      throw new ApiError('inference_failed', 'The inference back end did not answer with a chat completion.');
    },
    images: async (ask, signal) => {
      const response = await post(
        '/v1/images/generations',
        ask,
        AbortSignal.any([signal, AbortSignal.timeout(GENERATION_MS)]),
      );
      if (!response.ok) throw await refusal(response);
      const parsed = Pictures.safeParse(await readJson(response));
      if (parsed.success && parsed.data.data.length === ask.n && parsed.data.model === ask.model) return parsed.data;
      throw new ApiError(
        'inference_failed',
        'The inference back end did not answer with the pictures that were asked for.',
      );
    },
    credit: async (ask, signal) => {
      const response = await post('/v1/credit', ask, AbortSignal.any([signal, AbortSignal.timeout(GENERATION_MS)]));
      if (!response.ok) throw await refusal(response);
      const parsed = CreditResult.safeParse(await readJson(response));
      if (parsed.success && parsed.data.model === ask.model) return parsed.data;
      throw new ApiError('inference_failed', 'The inference back end did not answer with credits of this adapter.');
    },
    load: async (sha) => {
      const response = await post('/v1/adapters/load', { sha }, AbortSignal.timeout(LOADING_MS));
      if (!response.ok) throw new ApiError('probe_failed', `The adapter did not load: ${await reason(response)}`);
      const parsed = Loaded.safeParse(await readJson(response));
      if (parsed.success) return { differs: parsed.data.differs };
      throw new ApiError('probe_failed', 'The inference back end did not say whether the adapter makes a difference.');
    },
  };
}

/** Asks once more when no answer began: a connection that was kept may have been closed while it was idle. */
async function send(url: string, key: string | undefined, body: unknown, signal: AbortSignal): Promise<Response> {
  const headers = { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) };
  const request = { method: 'POST', headers, body: JSON.stringify(body), signal };
  try {
    return await fetch(url, request).catch(() => fetch(url, request));
  } catch (error) {
    if (!signal.aborted) console.error('inference', error);
    throw new ApiError('inference_unavailable', 'The inference back end cannot be reached, or took too long.');
  }
}

/** What the caller sent wrong is said as such; everything else is the back end's. */
async function refusal(response: Response): Promise<ApiError> {
  const isInput = [400, 413, 422].includes(response.status);
  const why = await reason(response);
  if (isInput) return new ApiError('invalid_request', `The model cannot answer this: ${why}`);
  return new ApiError('inference_failed', `The inference back end failed: ${why}`);
}

async function reason(response: Response): Promise<string> {
  const body = Failed.safeParse(await readJson(response));
  return body.success ? body.data.message : `it answered with the status ${response.status}.`;
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null;
  }
}
