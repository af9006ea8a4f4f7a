import { expect, test } from 'vitest';
import { formatFields } from '../../../shared/cli/fields.ts';

test('a record is a line a field, under the path that --set takes', () => {
  const record = {
    id: 'tone',
    head: null,
    recipe: { method: 'dpo', targets: ['q_proj', 'v_proj'], losses: [] },
    metrics: {},
    gates: [{ name: 'kl', passed: true }],
    losses: Array.from({ length: 40 }, () => 0.5),
    system: 'Be kind.\n\u001b[31mNow.',
    createdAt: Date.UTC(2026, 10, 23, 16, 40, 5),
    liveAt: null,
  };
  expect(formatFields(record).split('\n')).toEqual([
    'id              tone',
    'head            -',
    'recipe.method   dpo',
    'recipe.targets  q_proj, v_proj',
    'recipe.losses   none',
    'metrics         none',
    'gates.0.name    kl',
    'gates.0.passed  true',
    'losses          40 values (--json shows them)',
    'system          Be kind. [31mNow.',
    'createdAt       2026-11-23 16:40:05',
    'liveAt          -',
  ]);
});
