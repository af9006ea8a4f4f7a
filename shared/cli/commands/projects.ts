/** `prefloop projects`: the tenant. Creating one takes the edge's root key. */
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { printJson } from '../table.ts';

const json = { type: 'flag', help: 'The whole answer as JSON.' } as const;

const create = defineCommand(
  {
    name: 'prefloop projects create',
    summary: 'Creates a project and prints its first admin key, the only time it is shown. Takes the edge’s root key.',
    positionals: ['ID'],
    options: {
      name: { type: 'text', value: 'TEXT', help: 'For people. Default: the id.' },
      origins: { type: 'list', value: 'A,B', help: 'Origins of pages that may call the edge.' },
      withoutAssignment: { type: 'flag', help: 'Accept votes without a signed assignment token.' },
      json,
      ...connectionOptions,
    },
  },
  async (values, [id = '']) => {
    const { name, origins, withoutAssignment } = values;
    const project = { id, allowedOrigins: origins, requireAssignment: !withoutAssignment, ...(name && { name }) };
    const created = await openClient(values).createProject(project);
    if (values.json) printJson(created);
    else process.stdout.write(`${created.adminKey}\n`);
    return undefined;
  },
);

const show = defineCommand(
  { name: 'prefloop projects show', summary: 'The project that the key belongs to.', options: connectionOptions },
  async (values) => {
    printJson(await openClient(values).getProject());
    return undefined;
  },
);

export const projectCommands = [create, show];
