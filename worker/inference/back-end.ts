/** What the edge asks of whatever runs the models. One back end so far; each is a record of these functions. */
import type { Context } from 'hono';
import type { Features } from '../../shared/contracts/features.ts';
import type { ChatCompletion, ChatRequest, CreditRequest, CreditResult } from '../../shared/contracts/inference.ts';
import { ApiError } from '../access/api-error.ts';
import type { Bindings, Env } from '../env.ts';
import { runnerBackEnd } from './runner.ts';

/** An OpenAI-shaped request, ready to send: `model` is the adapter's sha, "base", or "mixture". */
export type Ask = Omit<ChatRequest, 'user' | 'personal' | 'max_completion_tokens'> & {
  /** How a revision is asked for; without it, as the built-in model knows it. */
  revision?: string;
  /** With the model "mixture": what is added to the base, Σ weight · ΔW. */
  mixture?: MixturePart[];
  /** Adapters under which the log-ratio per token of each answer is wanted. */
  basis?: string[];
};

/** Picture i has the seed `seed` + i. user: the tokens of whom they are drawn for. */
export type ImageAsk = {
  model: string;
  prompt: string;
  n: number;
  seed: number;
  steps?: number;
  guidance?: number;
  user?: number[][];
  /** Say also what the back end's feature encoder sees in each. */
  features?: boolean;
};

export type ImageAnswer = { data: { b64_json: string; seed: number; features?: Features | undefined }[] };

export type MixturePart = { adapter: string; weight: number };

/** Throw ApiError: `inference_unavailable` (nothing answers), `inference_failed`, `invalid_request` (refused input). */
export type BackEnd = {
  /** The answer as it comes, streamed when `ask.stream`: never read into memory. */
  stream(ask: Ask, signal: AbortSignal): Promise<Response>;
  /** One whole answer. */
  complete(ask: Ask, signal: AbortSignal): Promise<ChatCompletion>;
  /** Pictures, as many as were asked for. */
  images(ask: ImageAsk, signal: AbortSignal): Promise<ImageAnswer>;
  /** Credit of every token of an answer; `model` is the adapter's sha, or "base". */
  credit(ask: Required<CreditRequest>, signal: AbortSignal): Promise<CreditResult>;
  /** Loads an adapter and probes it; `differs` = its logits on a fixed prompt are not the base's. */
  load(sha: string): Promise<{ differs: boolean }>;
};

export type Output = 'text' | 'pictures';

/** Where what makes this output answers; undefined = nowhere. One address may do for both. */
export function backEndUrl({ INFERENCE_URL, INFERENCE_IMAGES_URL }: Bindings, output: Output): string | undefined {
  const url = output === 'pictures' ? INFERENCE_IMAGES_URL || INFERENCE_URL : INFERENCE_URL;
  return url?.replace(/\/$/, '') || undefined;
}

/** The back end of the bindings; throws `inference_unavailable` where none is configured. */
export function backEnd(c: Context<Env>, output: Output = 'text'): BackEnd {
  const url = backEndUrl(c.env, output);
  if (!url) throw new ApiError('inference_unavailable', `No inference back end is configured for ${output}.`);
  return runnerBackEnd(url, c.env.INFERENCE_KEY);
}
