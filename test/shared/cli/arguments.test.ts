import { expect, test } from 'vitest';
import { parseArguments, UsageError } from '../../../shared/cli/arguments.ts';

const command = {
  name: 'prefloop sort',
  summary: 'Sorts a file.',
  positionals: ['FILE', '[KEY…]'],
  options: {
    format: { type: 'text', value: 'NAME', choices: ['csv', 'json'], help: 'How the file is written.' },
    order: { type: 'text', value: 'NAME', choices: ['up', 'down'], default: 'up', help: 'Direction.' },
    holdOut: { type: 'number', value: 'SHARE', min: 0, max: 0.9, help: 'Share kept back.' },
    batch: { type: 'integer', value: 'N', min: 1, default: 500, help: 'Rows at once.' },
    scopes: { type: 'list', value: 'A,B', choices: ['admin', 'ingest'], help: 'Who may.' },
    set: { type: 'repeated', value: 'KEY=VALUE', help: 'Sets one field.' },
    quiet: { type: 'flag', short: 'q', help: 'Say nothing.' },
  },
} as const;

const read = (...argv: string[]) => parseArguments(command, argv);
const complaint = (...argv: string[]) => {
  try {
    read(...argv);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return undefined;
};

test('typed values, defaults, and camelCase keys for hyphenated options', () => {
  expect(
    read(
      'in.csv',
      '--hold-out',
      '0.2',
      '-q',
      '--scopes',
      'admin, ingest',
      '--set',
      'a=1,2',
      '--set=b=3',
      'name',
      'age',
    ),
  ).toEqual({
    values: {
      format: undefined,
      order: 'up',
      holdOut: 0.2,
      batch: 500,
      scopes: ['admin', 'ingest'],
      set: ['a=1,2', 'b=3'],
      quiet: true,
    },
    positionals: ['in.csv', 'name', 'age'],
  });
});

test('--help wins over everything else', () => {
  expect(read('--help')).toBeNull();
  expect(read('-h', 'in.csv', '--order', 'sideways')).toBeNull();
});

test('each mistake is one sentence that names the option', () => {
  expect(complaint()).toBe('FILE is missing');
  expect(complaint('f', '--batch', '2.5')).toBe('--batch must be a whole number from 1, not "2.5"');
  expect(complaint('f', '--batch', '')).toBe('--batch must be a whole number from 1, not ""');
  expect(complaint('f', '--hold-out', '1')).toBe('--hold-out must be a number from 0 up to 0.9, not "1"');
  expect(complaint('f', '--hold-out', 'NaN')).toBe('--hold-out must be a number from 0 up to 0.9, not "NaN"');
  expect(complaint('f', '--order', 'sideways')).toBe('--order must be one of up, down, not "sideways"');
  expect(complaint('f', '--scopes', 'admin,root')).toBe('--scopes must be one of admin, ingest, not "root"');
  expect(complaint('f', '--colour')).toBe("unknown option '--colour'");
  expect(complaint('f', '--hold-uot', '0.2')).toBe("unknown option '--hold-uot' (did you mean --hold-out?)");
  expect(complaint('f', '--batch')).toContain("'--batch <value>' argument missing");
  expect(complaint('f', '--quiet=yes')).toContain('--quiet');
});

test('a surplus argument is refused where the list of arguments is closed', () => {
  const closed = { ...command, positionals: ['FILE'] } as const;
  expect(() => parseArguments(closed, ['a', 'b'])).toThrow(new UsageError('unexpected argument "b"'));
});
