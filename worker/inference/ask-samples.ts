/** The same prompts answered by the base and by what is served, with the same seed: what differs is what was learned. */
import type { Context } from 'hono';
import { type Prompt, withSystem } from '../../shared/contracts/prompt.ts';
import type { Sample, SampleAnswer, SampleList } from '../../shared/contracts/sample.ts';
import { ApiError } from '../access/api-error.ts';
import { ownOrigin } from '../access/own-origin.ts';
import type { Env } from '../env.ts';
import { findAdapter } from '../store/adapters.ts';
import type { DomainRow } from '../store/domains.ts';
import { drawPictures } from './ask-pictures.ts';
import { backEnd } from './back-end.ts';
import { outputOf } from './output.ts';

const SEED = 7;

type Asked = { prompt: string; by: (model: string) => Promise<SampleAnswer> };

/**
 * At most `count` samples, of the first prompts that the domain's model can be asked: conversations for one that writes,
 * plain texts for one that draws. A prompt that the model refuses is left out, unless it refuses all. Throws ApiError of the
 * back end.
 */
export async function askSamples(
  c: Context<Env>,
  domain: DomainRow,
  prompts: readonly Prompt[],
  count: number,
): Promise<SampleList> {
  const { live } = domain;
  const adapter = live === null ? null : await findAdapter(c.var.db, c.var.project.id, live);
  const prepare = outputOf(domain, adapter) === 'pictures' ? drawer(c, domain) : writer(c, domain);
  const asked = prompts.flatMap((prompt) => prepare(prompt) ?? []).slice(0, count);
  const outcomes = await Promise.all(asked.map((each) => answer(each, live)));
  const samples = outcomes.flatMap((outcome) => ('refused' in outcome ? [] : [outcome]));
  const refused = outcomes.flatMap((outcome) => ('refused' in outcome ? [outcome.refused] : []));
  if (refused[0] && samples.length === 0) throw refused[0];
  return { live, samples };
}

/** What the model cannot be asked is an outcome, what fails is an error. */
async function answer({ prompt, by }: Asked, live: string | null): Promise<Sample | { refused: ApiError }> {
  try {
    const [before, now] = await Promise.all([by('base'), live === null ? null : by(live)]);
    return { prompt, before, now };
  } catch (error) {
    if (error instanceof ApiError && error.code === 'invalid_request') return { refused: error };
    throw error;
  }
}

function writer(c: Context<Env>, { system, temperature, topP, maxTokens }: DomainRow) {
  const from = backEnd(c, 'text');
  return ({ messages }: Prompt): Asked | null => {
    if (!messages) return null;
    const by = async (model: string): Promise<SampleAnswer> => {
      const completion = await from.complete(
        {
          ...{ model, messages: withSystem(messages, system), n: 1, seed: SEED, temperature },
          ...{ top_p: topP, max_tokens: maxTokens, stream: false, logprobs: false },
        },
        c.req.raw.signal,
      );
      return { type: 'text', text: completion.choices[0]?.message.content ?? '' };
    };
    return { prompt: messages.at(-1)?.content ?? '', by };
  };
}

function drawer(c: Context<Env>, { live }: DomainRow) {
  const from = backEnd(c, 'pictures');
  return ({ text }: Prompt): Asked | null => {
    if (text === undefined) return null;
    const by = async (model: string): Promise<SampleAnswer> => {
      const ask = { model, prompt: text, n: 1, seed: SEED };
      const [drawn] = await drawPictures(c, from, ask, model === live ? 'live' : 'base', c.req.raw.signal);
      if (!drawn) throw new ApiError('inference_failed', 'The inference back end drew nothing.');
      const { sha256 } = drawn.image;
      return { type: 'image', sha256, url: `${ownOrigin(c)}/v1/images/${c.var.project.id}/${sha256}` };
    };
    return { prompt: text, by };
  };
}
