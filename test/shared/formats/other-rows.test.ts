import { describe, expect, it } from 'vitest';
import type { Preference } from '../../../shared/contracts/preference.ts';
import { PreferenceInput } from '../../../shared/contracts/preference.ts';
import { type FormatName, parseLine, printLine, type RowOf } from '../../../shared/formats/format.ts';
import { toPreferenceInput, toRowsOf } from '../../../shared/formats/preference-rows.ts';
import type { AnyRow } from '../../../shared/formats/row.ts';
import { seededRandom } from '../../../shared/math/random.ts';
import { nastyTexts, pick } from './random-rows.ts';

const columns = { user: 'annotator', group: 'prompt_id', topic: 'topic', answer: 'known' };

function read<F extends FormatName>(format: F, value: unknown): RowOf<F> {
  const parsed = parseLine(format, JSON.stringify(value));
  if (!('row' in parsed)) throw new Error(parsed.rejection.message);
  return parsed.row;
}

function refused(format: FormatName, value: unknown) {
  const parsed = parseLine(format, JSON.stringify(value));
  if (!('rejection' in parsed)) throw new Error('it was accepted');
  return [parsed.rejection.reason, parsed.rejection.field];
}

/** What the edge stores of an imported row, and says in an export. */
async function stored(row: AnyRow): Promise<Preference> {
  const input = PreferenceInput.parse(await toPreferenceInput(row, 'sums'));
  if (typeof input.comparison === 'string') throw new Error('it came with its comparison');
  const { id, choice, user = null, confidence = 1 } = input;
  const comparison = { ...input.comparison, id };
  return { id, comparison, choice, user, confidence, supersededBy: null } as unknown as Preference;
}

async function throughTheEdge<F extends FormatName>(format: F, row: RowOf<F>): Promise<RowOf<F>> {
  const rows = toRowsOf(format, await stored(row));
  if (typeof rows === 'string') throw new Error(rows);
  const printed = printLine(format, rows[0] as RowOf<F>, columns);
  if (!('line' in printed)) throw new Error(printed.rejection.message);
  const parsed = parseLine(format, printed.line, columns);
  if (!('row' in parsed)) throw new Error(parsed.rejection.message);
  return parsed.row;
}

const random = seededRandom(11);
const text = () => pick(random, nastyTexts) || 'filled';
const facts = () => ({
  prompt: { text: text() },
  ...(random() < 0.5 && { user: 'u1' }),
  ...(random() < 0.5 && { group: 'g' }),
  ...(random() < 0.5 && { topic: 'sums' }),
});

describe('what goes in comes out again', () => {
  it('trl-unpaired', async () => {
    for (let round = 0; round < 200; round += 1) {
      const row = { ...facts(), rated: [{ text: text(), rating: random() < 0.5 ? 1 : 0 }] };
      expect(await throughTheEdge('trl-unpaired', row)).toEqual(row);
    }
    const chat = {
      prompt: { messages: [{ role: 'user' as const, content: 'Hi' }] },
      rated: [{ text: 'Ho', rating: 1 }],
    };
    expect(await throughTheEdge('trl-unpaired', chat)).toEqual(chat);
  });

  it('ultrafeedback', async () => {
    for (let round = 0; round < 200; round += 1) {
      const n = 1 + Math.floor(random() * 8);
      const rated = Array.from({ length: n }, () => ({ text: text(), rating: Math.round(random() * 40) / 4 }));
      const row = { ...facts(), rated };
      expect(await throughTheEdge('ultrafeedback', row)).toEqual(row);
    }
  });

  it.each(['trl-stepwise', 'bigbench-mistake'] as const)('%s', async (format) => {
    for (let round = 0; round < 200; round += 1) {
      const steps = Array.from({ length: 1 + Math.floor(random() * 6) }, text);
      const firstWrongStep = random() < 0.3 ? null : Math.floor(random() * steps.length);
      const row = { ...facts(), steps, firstWrongStep, answer: '42' };
      expect(await throughTheEdge(format, row)).toEqual(row);
    }
  });

  it('a second import of a line is the same vote', async () => {
    const row = { prompt: { text: 'Add.' }, steps: ['1', '2'], firstWrongStep: 1 };
    const [first, second] = [await toPreferenceInput(row, 'sums'), await toPreferenceInput(row, 'sums')];
    expect(first).toEqual(second);
    expect((await toPreferenceInput({ ...row, firstWrongStep: 0 }, 'sums')).id).not.toBe(first.id);
  });
});

describe('as others write it', () => {
  it('fine-grained ratings are averaged, and N/A is none', () => {
    const annotations = { helpfulness: { Rating: '4' }, honesty: { Rating: '2' }, truthfulness: { Rating: 'N/A' } };
    const row = read('ultrafeedback', {
      source: 'made',
      instruction: 'Say hi.',
      models: ['a', 'b'],
      completions: [
        { model: 'a', response: 'Hi', annotations },
        { model: 'b', response: 'Ho', overall_score: 7.5, annotations },
      ],
    });
    expect(row).toEqual({
      prompt: { text: 'Say hi.' },
      rated: [
        { text: 'Hi', rating: 3 },
        { text: 'Ho', rating: 7.5 },
      ],
    });
  });

  it('labels after the first wrong step are not kept', () => {
    const row = read('trl-stepwise', { prompt: 'Add.', completions: ['a', 'b', 'c'], labels: [true, false, true] });
    expect(row.firstWrongStep).toBe(1);
    expect(printLine('trl-stepwise', row)).toEqual({
      line: JSON.stringify({ prompt: 'Add.', completions: ['a', 'b', 'c'], labels: [true, false, false] }),
    });
  });

  it('the target of a chain is the prompt’s known answer', () => {
    const row = read('bigbench-mistake', {
      input: '1 + 1 =',
      steps: ['2'],
      answer: '2',
      target: 2,
      mistake_index: null,
    });
    expect(row).toEqual({ prompt: { text: '1 + 1 =' }, steps: ['2'], firstWrongStep: null, answer: '2' });
  });
});

it.each<[FormatName, unknown, string, string]>([
  ['trl-unpaired', { prompt: 'a', completion: 'b' }, 'missingField', 'label'],
  ['trl-unpaired', { prompt: 'a', completion: 'b', label: 1 }, 'wrongType', 'label'],
  ['trl-unpaired', { prompt: 'a', completion: [], label: true }, 'wrongType', 'completion'],
  ['trl-stepwise', { prompt: 'a', completions: ['b'], labels: [] }, 'wrongType', 'labels'],
  ['trl-stepwise', { prompt: 'a', completions: [], labels: [] }, 'empty', 'completions'],
  ['trl-stepwise', { completions: ['b'], labels: [true] }, 'missingField', 'prompt'],
  [
    'ultrafeedback',
    { instruction: 'a', completions: [{ response: 'b' }] },
    'missingField',
    'completions.0.overall_score',
  ],
  ['ultrafeedback', { instruction: 'a', completions: [] }, 'empty', 'completions'],
  [
    'ultrafeedback',
    { instruction: 'a', completions: Array(9).fill({ response: 'b', overall_score: 1 }) },
    'tooLong',
    'completions',
  ],
  [
    'ultrafeedback',
    { instruction: 'a', completions: [{ response: 'b', overall_score: 1e9 }] },
    'outOfRange',
    'completions.0.overall_score',
  ],
  ['bigbench-mistake', { input: 'a', steps: ['b'], mistake_index: 1 }, 'outOfRange', 'mistake_index'],
  ['bigbench-mistake', { input: 'a', steps: ['b'] }, 'wrongType', 'mistake_index'],
  ['bigbench-mistake', { input: 'a', steps: 'b', mistake_index: null }, 'wrongType', 'steps'],
])('%s refuses %o: %s of %s', (format, value, reason, field) => {
  expect(refused(format, value)).toEqual([reason, field]);
});

describe('what a stored vote is in another format', () => {
  const pair = { prompt: { text: 'Add.' }, chosen: 'A', rejected: 'B' };

  it('a pair is two unpaired lines, and neither a rated list nor steps', async () => {
    const vote = await stored(pair);
    expect(toRowsOf('trl-unpaired', vote)).toMatchObject([
      { rated: [{ text: 'A', rating: 1 }] },
      { rated: [{ text: 'B', rating: 0 }] },
    ]);
    expect(toRowsOf('ultrafeedback', vote)).toBe('notRated');
    expect(toRowsOf('trl-stepwise', vote)).toBe('noStepMark');
  });

  it('a rated list is its strict pairs', async () => {
    const rated = ['A', 'B', 'C'].map((answer, rating) => ({ text: answer, rating }));
    const vote = await stored({ prompt: { text: 'Add.' }, rated });
    expect(toRowsOf('trl', vote)).toHaveLength(3);
    expect(toRowsOf('trl-unpaired', vote)).toBe('notRated');
  });

  it('a vote on pictures is in none of them: their columns are texts', async () => {
    const vote = await stored(pair);
    const candidates = vote.comparison.candidates.map((candidate, at) => ({
      ...candidate,
      content: { type: 'image' as const, sha256: String(at).repeat(64) },
    }));
    const pictured = { ...vote, comparison: { ...vote.comparison, candidates } };
    for (const format of ['trl', 'openai', 'hh', 'trl-unpaired', 'ultrafeedback', 'trl-stepwise'] as const) {
      expect(toRowsOf(format, pictured)).toBe('pictures');
    }
  });
});
