/** The prompt of rows that do not say it: what the chosen and the rejected text begin with alike. */
import type { Message } from '../contracts/prompt.ts';

const words = new Intl.Segmenter('en', { granularity: 'word' });

function commonLength(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}

/** The start of the word, space, mark or emoji of `segments` that `at` lies in; `at` itself at its start. */
const wordStart = (segments: Intl.Segments, at: number) => segments.containing(at)?.index ?? at;

/**
 * Length of the longest common start of two texts that ends between two words of both (Unicode word boundaries, so
 * neither "don't" nor 3.14 nor a family emoji is cut) and leaves something of both. One space before the cut goes
 * with what follows, as tokenizers take it. 0 when there is none.
 */
export function sharedTextLength(a: string, b: string): number {
  const longest = Math.min(commonLength(a, b), a.length - 1, b.length - 1);
  if (longest <= 0) return 0;
  const [segmentsA, segmentsB] = [words.segment(a), words.segment(b)];
  let cut = longest;
  for (;;) {
    const start = Math.min(wordStart(segmentsA, cut), wordStart(segmentsB, cut));
    if (start === cut) break;
    cut = start;
  }
  return a[cut - 1] === ' ' ? cut - 1 : cut;
}

/** Number of turns that two conversations begin with alike, leaving at least the last turn of both. */
export function sharedTurns(a: readonly Message[], b: readonly Message[]): number {
  const most = Math.min(a.length, b.length) - 1;
  let turns = 0;
  while (turns < most && a[turns]?.role === b[turns]?.role && a[turns]?.content === b[turns]?.content) turns++;
  return turns;
}
