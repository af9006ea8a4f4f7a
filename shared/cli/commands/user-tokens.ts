/** `prefloop user-tokens`: for servers that do not sign tokens themselves, and for trying out. */
import { UserScope } from '../../contracts/key.ts';
import { jsonOption, printAnswer } from '../answer.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { formatTime } from '../table.ts';

const create = defineCommand(
  {
    name: 'prefloop user-tokens create',
    summary: 'Mints a token for one person and prints it, the only time it is shown.',
    positionals: ['USER'],
    options: {
      scopes: {
        type: 'list',
        value: 'A,B',
        choices: UserScope.options,
        help: 'What it may do. Default: all that the key can grant.',
      },
      seconds: { type: 'integer', value: 'N', min: 60, max: 3600, default: 3600, help: 'When it ends.' },
      json: jsonOption,
      ...connectionOptions,
    },
    example: 'prefloop user-tokens create anna --scopes collect --seconds 600',
    notes: 'A key with the scope ingest grants collect, one with infer grants infer.',
  },
  async (values, [user = '']) => {
    const { scopes, seconds: expiresInSeconds } = values;
    const input = { user, expiresInSeconds, ...(scopes.length > 0 && { scopes }) };
    const minted = await openClient(values).createUserToken(input);
    if (!values.json) process.stderr.write(`it ends ${formatTime(minted.expiresAt)} UTC\n`);
    return printAnswer(values.json, minted, ({ token }) => token);
  },
);

export const userTokenCommands = [create];
