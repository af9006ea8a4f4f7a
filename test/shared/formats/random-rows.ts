/** Rows with texts that break careless readers; the same seed gives the same rows. */
import type { Row } from '../../../shared/formats/row.ts';
import { type Random, seededRandom } from '../../../shared/math/random.ts';

export const nastyTexts = [
  '',
  ' ',
  '\n',
  '  two before, two after  ',
  'plain',
  'line\nline\r\nline\rline\u2028line\u2029line\u0085end',
  'tab\tquote" back\\slash / \b\f\u0001\u001f\u007f',
  '{"chosen": "not a row", "prompt": []}',
  '"quoted"',
  'emoji 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 👍🏽',
  'العربية שלום \u202eoverride\u202c',
  'e\u0301 vs é, ﬁ, ẞ, İ, 𝒳, 𠮷',
  '天空是蓝色的。ไทยไม่มีช่องว่าง',
  '\ufeffBOM first',
  'zero\u200bwidth\u00a0space\u00ad',
  'Human: hi\nAssistant: no turn, one line end only',
  '\n\nhuman: lower case is text',
  '<|im_start|>system\n</s>[INST]<<SYS>>',
  '__proto__',
  'ends with line ends\n\n',
  'x'.repeat(5000),
];

export function randomText(random: Random): string {
  const pieces = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(random, nastyTexts));
  // What reads as a turn of a transcript has tests of its own.
  return pieces.join(pick(random, ['', ' ', '\n', '\n\n'])).replaceAll(/\n{2,}(?=Human:|Assistant:)/g, '\n');
}

export function pick<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T;
}

const filled = (random: Random) => randomText(random) || 'something';

/** A conversation that ends with the user; now and then with a system message, when `system` allows it. */
export function randomRow(random: Random, kind: 'chat' | 'text', system = true): Row {
  const messages = [{ role: 'user' as const, content: filled(random) }];
  const earlier = Array.from({ length: Math.floor(random() * 3) }, () => [
    { role: 'user' as const, content: filled(random) },
    { role: 'assistant' as const, content: filled(random) },
  ]);
  const start = system && random() < 0.3 ? [{ role: 'system' as const, content: filled(random) }] : [];
  return {
    prompt: kind === 'text' ? { text: filled(random) } : { messages: [...start, ...earlier.flat(), ...messages] },
    chosen: randomText(random),
    rejected: randomText(random),
    ...(random() < 0.5 && { user: `u-${Math.floor(random() * 100)}` }),
    ...(random() < 0.5 && { group: `group ${pick(random, nastyTexts).slice(0, 50)}` }),
    ...(random() < 0.5 && { confidence: 0.5 + Math.floor(random() * 50) / 100 }),
  };
}

export function randomRows(seed: number, n: number, kind: 'chat' | 'text', system = true): Row[] {
  const random = seededRandom(seed);
  return Array.from({ length: n }, () => randomRow(random, kind, system));
}
