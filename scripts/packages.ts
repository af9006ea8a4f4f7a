/** `npm run packages`: builds @prefloop/client and @prefloop/widget, ready for `npm publish`. */
import { relative, resolve } from 'node:path';
import { defineCommand } from '../shared/cli/command.ts';
import { buildPackages } from './packages/build.ts';

const declaration = {
  name: 'npm run packages --',
  summary: 'Builds @prefloop/client and @prefloop/widget, ready for npm publish.',
  options: {
    out: { type: 'text', value: 'DIR', help: 'Where they are written; what is there goes.', default: 'dist/packages' },
  },
} as const;

const command = defineCommand(declaration, async ({ out }) => {
  const folders = await buildPackages(resolve(out));
  console.log(`built ${folders.map((folder) => relative('', folder)).join(' and ')}: npm publish FOLDER`);
  return undefined;
});

process.exitCode = await command.run(process.argv.slice(2));
