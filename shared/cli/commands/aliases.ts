/** `prefloop promote`, `rollback`, `moves`: which adapter a domain is served by. */
import { plural } from '../../alarms/words.ts';
import type { AliasMove } from '../../contracts/adapter.ts';
import { jsonLinesOption, jsonOption, limitOption, printAnswer, printList } from '../answer.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { findAdapter } from '../find-adapter.ts';
import { formatTable, formatTime, short } from '../table.ts';

const note = { type: 'text', value: 'TEXT', default: '', help: 'Why, for the history.' } as const;

function describeMove({ domain, from, to, freed }: AliasMove): string {
  const waiting = freed > 0 ? `; ${plural(freed, 'vote')} ${freed === 1 ? 'waits' : 'wait'} again` : '';
  return `${domain} is served by ${short(to)} now, before by ${short(from)}${waiting}`;
}

const promote = defineCommand(
  {
    name: 'prefloop promote',
    summary: 'Serves an adapter of the domain, after the back end has loaded and probed it.',
    positionals: ['DOMAIN', 'SHA'],
    options: {
      force: { type: 'flag', help: 'Although its gates failed.' },
      note,
      json: jsonOption,
      ...connectionOptions,
    },
    example: 'prefloop promote support-tone 3f9a1c2b --note "warmer, as asked"',
  },
  async (values, [domain = '', sha = '']) => {
    const client = openClient(values);
    const adapter = await findAdapter(client, sha, domain);
    const move = await client.promote(domain, { adapter: adapter.sha, force: values.force, note: values.note });
    return printAnswer(values.json, move, describeMove);
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
      json: jsonOption,
      ...connectionOptions,
    },
    example: 'prefloop rollback support-tone --note "too blunt"',
  },
  async (values, [domain = '']) => {
    const client = openClient(values);
    const { to, rewind } = values;
    const adapter = to === undefined ? undefined : to === 'base' ? null : (await findAdapter(client, to, domain)).sha;
    const body = { rewind, note: values.note, ...(adapter !== undefined && { adapter }) };
    return printAnswer(values.json, await client.rollback(domain, body), describeMove);
  },
);

const moves = defineCommand(
  {
    name: 'prefloop moves',
    summary: 'What a domain was served by, who moved it and why; the newest first.',
    positionals: ['DOMAIN'],
    options: { limit: limitOption(100, 1000), json: jsonLinesOption, ...connectionOptions },
    example: 'prefloop moves support-tone',
  },
  async (values, [domain = '']) => {
    const { items } = await openClient(values).listMoves(domain, values.limit);
    return printList(values.json, items, (all) => {
      const rows = all.map(({ at, action, from, to, actor, freed, note }) => ({
        at: formatTime(at),
        action,
        from: short(from),
        to: short(to),
        by: actor,
        freed,
        note,
      }));
      return formatTable(rows, 'no moves: the base is served');
    });
  },
);

export const aliasCommands = [promote, rollback, moves];
