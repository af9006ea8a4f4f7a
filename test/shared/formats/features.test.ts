import { expect, test } from 'vitest';
import { parseLine } from '../../../shared/formats/format.ts';
import { toPreferenceInput } from '../../../shared/formats/preference-rows.ts';

const space = 'a'.repeat(64);
const pair = { prompt: 'p', chosen: 'a', rejected: 'b' };
const parse = (seen: unknown, record: object = pair, format: 'trl' | 'ultrafeedback' | 'trl-unpaired' = 'trl') =>
  parseLine(format, JSON.stringify({ ...record, seen }), { features: 'seen' });

test('a column of features has a vector for each answer, which goes with its candidate', async () => {
  const values = [
    [1, -0.5],
    [null, 2],
  ];
  const parsed = parse({ space, values });
  expect(parsed).toMatchObject({ row: { features: values.map((each) => ({ space, values: each })) } });
  if (!('row' in parsed)) throw new Error('unreachable');
  const { comparison, id } = await toPreferenceInput(parsed.row, 'tone');
  expect(comparison).toMatchObject({ candidates: values.map((each) => ({ features: [{ space, values: each }] })) });
  const { features: _, ...bare } = parsed.row;
  expect((await toPreferenceInput(bare, 'tone')).id).toBe(id);

  const rated = { instruction: 'p', completions: ['a', 'b', 'c'].map((response) => ({ response, overall_score: 1 })) };
  expect(parse({ space, values: [[1], [2], [3]] }, rated, 'ultrafeedback')).toHaveProperty('row.features');
  const single = { prompt: 'p', completion: 'a', label: true };
  expect(parse({ space, values: [[1]] }, single, 'trl-unpaired')).toHaveProperty('row.features');
});

test('a row may have none', () => {
  for (const nothing of [null, undefined])
    expect(parse(nothing)).toEqual({ row: expect.not.objectContaining({ features: [] }) });
  expect(parse(undefined)).toEqual({ row: { prompt: { text: 'p' }, chosen: 'a', rejected: 'b' } });
});

test('what is no such column is refused by its name', () => {
  const refused = { rejection: { reason: 'wrongType', field: 'seen', message: expect.stringContaining('seen') } };
  for (const wrong of [
    7,
    [],
    { space },
    { space, values: [[1]] },
    { space, values: [[1], [2], [3]] },
    { space, values: [[1], []] },
    { space, values: [[1], ['2']] },
    { space: 'here', values: [[1], [2]] },
  ]) {
    expect(parse(wrong)).toEqual(refused);
  }
});
