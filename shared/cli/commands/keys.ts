/** `prefloop keys`: secret keys for servers, public keys for pages. */
import { Scope } from '../../contracts/key.ts';
import { jsonLinesOption, jsonOption, printAnswer, printList } from '../answer.ts';
import { UsageError } from '../arguments.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { formatTable, formatTime } from '../table.ts';

const create = defineCommand(
  {
    name: 'prefloop keys create',
    summary: 'Creates a key and prints it, the only time it is shown.',
    positionals: ['NAME'],
    options: {
      scopes: { type: 'list', value: 'A,B', choices: Scope.options, help: 'What a secret key may do.' },
      public: { type: 'flag', help: 'A public key for pages of the project’s origins; it has no scopes.' },
      json: jsonOption,
      ...connectionOptions,
    },
    example: 'prefloop keys create runner --scopes train',
  },
  async (values, [name = '']) => {
    const { scopes } = values;
    if (values.public === scopes.length > 0) throw new UsageError('give either --scopes or --public');
    const kind = values.public ? 'public' : 'secret';
    const created = await openClient(values).createKey({ name, kind, scopes });
    return printAnswer(values.json, created, ({ secret }) => secret);
  },
);

const list = defineCommand(
  {
    name: 'prefloop keys list',
    summary: 'The project’s keys; secrets are not kept.',
    options: { json: jsonLinesOption, ...connectionOptions },
    example: 'prefloop keys list',
  },
  async (values) => {
    const { items } = await openClient(values).listKeys();
    return printList(values.json, items, (keys) => {
      const rows = keys.map(({ id, kind, name, scopes, createdAt, revokedAt }) => ({
        id,
        kind,
        name,
        scopes: scopes.join(',') || '-',
        created: formatTime(createdAt),
        revoked: formatTime(revokedAt),
      }));
      return formatTable(rows, 'no keys');
    });
  },
);

const revoke = defineCommand(
  {
    name: 'prefloop keys revoke',
    summary: 'Ends a key at once.',
    positionals: ['ID'],
    options: { json: jsonOption, ...connectionOptions },
    example: 'prefloop keys revoke 4f0c7d2193ab56e8',
  },
  async (values, [id = '']) => {
    await openClient(values).revokeKey(id);
    return printAnswer(values.json, { revoked: id }, () => `revoked ${id}`);
  },
);

export const keyCommands = [create, list, revoke];
