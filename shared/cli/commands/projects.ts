/** `prefloop projects`: the tenant. Creating one takes the edge's root key. */
import { jsonOption, printAnswer } from '../answer.ts';
import { UsageError } from '../arguments.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';

const origins = {
  type: 'list',
  value: 'A,B',
  help: 'Origins of pages that may call the edge, such as https://app.example.com.',
} as const;

const create = defineCommand(
  {
    name: 'prefloop projects create',
    summary: 'Creates a project and prints its first admin key, the only time it is shown. Takes the edge’s root key.',
    positionals: ['ID'],
    options: {
      name: { type: 'text', value: 'TEXT', help: 'For people. Default: the id.' },
      origins,
      withoutAssignment: { type: 'flag', help: 'Accept votes without a signed assignment token.' },
      json: jsonOption,
      ...connectionOptions,
    },
    example: 'prefloop projects create my-product --origins https://app.example.com',
  },
  async (values, [id = '']) => {
    const { name, origins, withoutAssignment } = values;
    const project = { id, allowedOrigins: origins, requireAssignment: !withoutAssignment, ...(name && { name }) };
    return printAnswer(values.json, await openClient(values).createProject(project), ({ adminKey }) => adminKey);
  },
);

const show = defineCommand(
  {
    name: 'prefloop projects show',
    summary: 'The project that the key belongs to.',
    options: { json: jsonOption, ...connectionOptions },
    example: 'prefloop projects show',
  },
  async (values) => printAnswer(values.json, await openClient(values).getProject()),
);

const patch = defineCommand(
  {
    name: 'prefloop projects patch',
    summary: 'Changes the name of the key’s project, its origins, or whether votes need an assignment.',
    options: {
      name: { type: 'text', value: 'TEXT', help: 'For people.' },
      origins: { ...origins, help: `${origins.help} Replaces the list.` },
      noOrigins: { type: 'flag', help: 'No page may call the edge any more.' },
      assignment: {
        type: 'text',
        value: 'HOW',
        choices: ['required', 'optional'],
        help: 'Whether a page’s vote needs a signed assignment token.',
      },
      json: jsonOption,
      ...connectionOptions,
    },
    example: 'prefloop projects patch --origins https://app.example.com,https://www.example.com',
  },
  async (values) => {
    const { name, origins, noOrigins, assignment } = values;
    if (noOrigins && origins.length > 0) throw new UsageError('give either --origins or --no-origins');
    const change = {
      ...(name !== undefined && { name }),
      ...((noOrigins || origins.length > 0) && { allowedOrigins: origins }),
      ...(assignment !== undefined && { requireAssignment: assignment === 'required' }),
    };
    if (Object.keys(change).length === 0)
      throw new UsageError('nothing to change: give --name, --origins or --assignment');
    return printAnswer(values.json, await openClient(values).updateProject(change));
  },
);

export const projectCommands = [create, show, patch];
