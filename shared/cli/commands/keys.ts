/** `prefloop keys`: secret keys for servers, public keys for pages. */
import { Scope } from '../../contracts/key.ts';
import { UsageError } from '../arguments.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { formatTable, formatTime, printJson } from '../table.ts';

const json = { type: 'flag', help: 'The whole answer as JSON.' } as const;

const create = defineCommand(
  {
    name: 'prefloop keys create',
    summary: 'Creates a key and prints it, the only time it is shown.',
    positionals: ['NAME'],
    options: {
      scopes: { type: 'list', value: 'A,B', choices: Scope.options, help: 'What a secret key may do.' },
      public: { type: 'flag', help: 'A public key for pages of the project’s origins; it has no scopes.' },
      json,
      ...connectionOptions,
    },
  },
  async (values, [name = '']) => {
    const { scopes } = values;
    if (values.public === scopes.length > 0) throw new UsageError('give either --scopes or --public');
    const kind = values.public ? 'public' : 'secret';
    const created = await openClient(values).createKey({ name, kind, scopes });
    if (values.json) printJson(created);
    else process.stdout.write(`${created.secret}\n`);
    return undefined;
  },
);

const list = defineCommand(
  {
    name: 'prefloop keys list',
    summary: 'The project’s keys; secrets are not kept.',
    options: { json, ...connectionOptions },
  },
  async (values) => {
    const { items } = await openClient(values).listKeys();
    if (values.json) printJson(items);
    else {
      const rows = items.map(({ id, kind, name, scopes, createdAt, revokedAt }) => ({
        id,
        kind,
        name,
        scopes: scopes.join(',') || '-',
        created: formatTime(createdAt),
        revoked: formatTime(revokedAt),
      }));
      process.stdout.write(`${formatTable(rows, 'no keys')}\n`);
    }
    return undefined;
  },
);

const revoke = defineCommand(
  { name: 'prefloop keys revoke', summary: 'Ends a key at once.', positionals: ['ID'], options: connectionOptions },
  async (values, [id = '']) => {
    await openClient(values).revokeKey(id);
    process.stdout.write(`revoked ${id}\n`);
    return undefined;
  },
);

export const keyCommands = [create, list, revoke];
