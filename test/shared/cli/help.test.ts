import { expect, test } from 'vitest';
import { formatHelp } from '../../../shared/cli/help.ts';

test('--help lists every option with its choices and default, and ends with an example', () => {
  const help = formatHelp({
    name: 'prefloop sort',
    summary: 'Sorts a file.',
    positionals: ['FILE', '[KEY…]'],
    options: {
      order: { type: 'text', value: 'NAME', choices: ['up', 'down'], default: 'up', help: 'Direction.' },
      holdOut: { type: 'number', value: 'SHARE', min: 0, max: 0.9, help: 'Share kept back.' },
      quiet: { type: 'flag', short: 'q', help: 'Say nothing.' },
    },
    example: 'prefloop sort list.csv',
    notes: 'Keys may repeat.',
  });
  expect(help.split('\n')[0]).toBe('prefloop sort FILE [KEY…] [options]');
  expect(help).toContain('--hold-out SHARE');
  expect(help).toMatch(/--order NAME +Direction\. One of: up, down\. Default: up\./);
  expect(help).toContain('-q, --quiet');
  expect(help).toContain('-h, --help');
  expect(help).toMatch(/\n\nKeys may repeat\.\n\nExample:\n {2}npx prefloop sort list\.csv$/);
});
