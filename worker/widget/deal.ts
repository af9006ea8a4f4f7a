/** From a question to what is shown: dealt by the edge, or, while it cannot be reached, in an order drawn here. */
import type { Content } from '../../shared/contracts/candidate.ts';
import type { Comparison, ComparisonRequest } from '../../shared/contracts/comparison.ts';
import type { Prompt } from '../../shared/contracts/prompt.ts';
import { uuidv7 } from '../../shared/math/uuidv7.ts';
import { type CallError, isRefusal, post } from './call.ts';
import type { Session } from './session.ts';
import type { Settings } from './settings.ts';
import type { Kind, OwnContent, OwnText, Question } from './types.ts';

export type ShownContent = Content | { type: 'stream'; stream: Exclude<OwnText, string> };

export type Shown = {
  id: string;
  kind: Kind;
  prompt: string;
  /** In the order they are shown in. */
  candidates: { id: string; position: number; content: ShownContent }[];
  assignment?: string;
  /** What creates the comparison at the edge, once every stream has ended; null where the edge has dealt it. */
  request: Promise<ComparisonRequest> | null;
  /** Hears of the text of a stream so far. */
  follow(id: string, then: (text: string, ended: boolean) => void): void;
};

export type Dealer = (question: Question) => Promise<Shown>;

/** Longest wait for an edge that does not answer, before own candidates are shown in an order of our own. */
const PATIENCE_MS = 4000;
/** Models take their time. */
const MODELS_MS = 120_000;

/** Throws CallError. A token that is no longer good is renewed; what may pass is asked again, with the same id. */
export function openDealer(settings: () => Settings, session: Session): Dealer {
  async function ask(request: ComparisonRequest, timeoutMs: number, tries: number): Promise<Comparison> {
    for (let left = tries; ; left--) {
      const token = await session.ready();
      try {
        return await post<Comparison>(settings().edge, '/v1/comparisons', token, request, timeoutMs);
      } catch (error) {
        const { status } = error as CallError;
        if (status === 401) session.expire(token);
        else if (left <= 1 || isRefusal(status)) throw error;
        else await new Promise((wake) => setTimeout(wake, (tries - left + 1) * 500 * (1 + Math.random())));
      }
    }
  }

  return async (question) => {
    const { kind, domain, k, media } = { ...settings(), ...question };
    const prompt = asPrompt(question, media);
    const request: ComparisonRequest = { id: uuidv7(), domain, kind, prompt, k };
    if (!question.candidates) return fromEdge(await ask(request, MODELS_MS, 4));

    const contents = question.candidates.map(asContent);
    if (contents.every((content) => content.type !== 'stream') && navigator.onLine) {
      const candidates = contents.map((content) => ({ content: content as Content }));
      try {
        return fromEdge(await ask({ ...request, candidates }, PATIENCE_MS, 1));
      } catch (error) {
        if (isRefusal((error as CallError).status)) throw error;
      }
      // The edge may have dealt it and its answer got lost: another id, so that the two are not mixed up.
      request.id = uuidv7();
    }
    await session.ready();
    return fromHere(request, contents);
  };
}

function fromEdge({ id, kind, prompt, candidates, assignment }: Comparison): Shown {
  return { id, kind, prompt: promptText(prompt), candidates, assignment, request: null, follow: () => {} };
}

/** Ids and the order are made here; the edge records them with the first vote. */
function fromHere(request: ComparisonRequest, contents: ShownContent[]): Shown {
  const candidates = shuffled(contents).map((content, position) => ({ id: uuidv7(), position, content }));
  const followers = new Map<string, (text: string, ended: boolean) => void>();
  const texts = new Map<string, string>();
  const whole = candidates.map(async ({ id, content }): Promise<Content> => {
    if (content.type !== 'stream') return content;
    let text = '';
    for await (const part of parts(content.stream)) {
      text += part;
      texts.set(id, text);
      followers.get(id)?.(text, false);
    }
    texts.set(id, text);
    followers.get(id)?.(text, true);
    return { type: 'text', text };
  });
  const created = Promise.all(whole).then((ready) => ({
    ...request,
    asShown: true as const,
    candidates: candidates.map(({ id }, position) => ({ id, content: ready[position] as Content })),
  }));
  // Somebody may never vote on a stream that breaks.
  created.catch(() => {});
  return {
    id: request.id as string,
    kind: request.kind,
    prompt: promptText(request.prompt),
    candidates,
    request: created,
    follow: (id, then) => {
      followers.set(id, then);
      then(texts.get(id) ?? '', false);
    },
  };
}

/** Not every browser's streams can be iterated. */
async function* parts(stream: Exclude<OwnText, string>): AsyncGenerator<string> {
  if (Symbol.asyncIterator in stream) return yield* stream;
  const reader = (stream as ReadableStream<string>).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

function asPrompt({ prompt }: Question, media: string): Prompt {
  if (typeof prompt !== 'string') return prompt as Prompt;
  return media === 'image' ? { text: prompt } : { messages: [{ role: 'user', content: prompt }] };
}

function promptText({ messages, text = '' }: Prompt): string {
  return messages?.at(-1)?.content ?? text;
}

function asContent(candidate: string | OwnContent): ShownContent {
  if (typeof candidate === 'string') return { type: 'text', text: candidate };
  if (candidate.type !== 'text') return candidate;
  const { text } = candidate;
  return typeof text === 'string' ? { type: 'text', text } : { type: 'stream', stream: text };
}

/** Fisher-Yates; eight at most, so the remainder of 2³² is no bias anyone could measure. */
function shuffled<T>(items: T[]): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % (i + 1);
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order;
}
