/** `prefloop promote`, `rollback`: which adapter a domain is served by. */
import type { AliasMove } from '../../contracts/adapter.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { findAdapter } from '../find-adapter.ts';
import { printJson } from '../table.ts';

const json = { type: 'flag', help: 'The whole answer as JSON.' } as const;
const note = { type: 'text', value: 'TEXT', default: '', help: 'Why, for the history.' } as const;

function printMove(move: AliasMove, asJson: boolean): void {
  const { domain, from, to, freed } = move;
  const names = [from, to].map((sha) => sha?.slice(0, 12) ?? 'base');
  const waiting = freed > 0 ? `; ${freed} votes wait again` : '';
  if (asJson) printJson(move);
  else process.stdout.write(`${domain} is served by ${names[1]} now, before by ${names[0]}${waiting}\n`);
}

const promote = defineCommand(
  {
    name: 'prefloop promote',
    summary: 'Serves an adapter of the domain, after the back end has loaded and probed it.',
    positionals: ['DOMAIN', 'SHA'],
    options: { force: { type: 'flag', help: 'Although its gates failed.' }, note, json, ...connectionOptions },
  },
  async (values, [domain = '', sha = '']) => {
    const client = openClient(values);
    const adapter = await findAdapter(client, sha, domain);
    printMove(
      await client.promote(domain, { adapter: adapter.sha, force: values.force, note: values.note }),
      values.json,
    );
    return undefined;
  },
);

const rollback = defineCommand(
  {
    name: 'prefloop rollback',
    summary: 'Serves what the domain was served by before, or the adapter named.',
    positionals: ['DOMAIN'],
    options: {
      to: { type: 'text', value: 'SHA', help: 'This adapter, or "base". Default: the one before.' },
      rewind: { type: 'flag', help: 'Train on from there too: votes consumed later wait again.' },
      note,
      json,
      ...connectionOptions,
    },
  },
  async (values, [domain = '']) => {
    const client = openClient(values);
    const { to, rewind } = values;
    const adapter = to === undefined ? undefined : to === 'base' ? null : (await findAdapter(client, to, domain)).sha;
    const body = { rewind, note: values.note, ...(adapter !== undefined && { adapter }) };
    printMove(await client.rollback(domain, body), values.json);
    return undefined;
  },
);

export const aliasCommands = [promote, rollback];
