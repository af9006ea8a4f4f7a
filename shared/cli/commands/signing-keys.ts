/** `prefloop signing-keys`: keys with which a server of yours signs user tokens. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { jsonLinesOption, jsonOption, printAnswer, printList } from '../answer.ts';
import { UsageError } from '../arguments.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { formatTable, formatTime } from '../table.ts';

const create = defineCommand(
  {
    name: 'prefloop signing-keys create',
    summary: 'Registers a signing key. Without a key of yours it makes a shared secret and prints it, once.',
    positionals: ['KID'],
    options: {
      publicKey: {
        type: 'text',
        value: 'KEY',
        help: 'Ed25519: base64url of the 32 bytes. The private key stays yours.',
      },
      secretFile: { type: 'text', value: 'FILE', help: 'HS256: a shared secret of yours; - for standard input.' },
      json: jsonOption,
      ...connectionOptions,
    },
    example: 'prefloop signing-keys create 2026-11',
    notes: 'Two live keys allow rotation: create the new one, sign with it, revoke the old one an hour later.',
  },
  async (values, [kid = '']) => {
    const { publicKey, secretFile } = values;
    if (publicKey !== undefined && secretFile !== undefined)
      throw new UsageError('give either --public-key or --secret-file');
    const client = openClient(values);
    if (publicKey !== undefined)
      return printAnswer(values.json, await client.createSigningKey({ kid, algorithm: 'EdDSA', publicKey }));
    const given = secretFile === undefined ? undefined : await readSecret(secretFile);
    const secret = given ?? randomBytes(32).toString('base64url');
    const key = await client.createSigningKey({ kid, algorithm: 'HS256', secret });
    // A secret that was given is known already, and is not printed again.
    if (given !== undefined) return printAnswer(values.json, key);
    return printAnswer(values.json, { key, secret }, () => secret);
  },
);

/** A line end at the end belongs to the file, not to the secret. */
async function readSecret(file: string): Promise<string> {
  const content = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  return content.replace(/\r?\n$/, '');
}

const list = defineCommand(
  {
    name: 'prefloop signing-keys list',
    summary: 'The project’s signing keys, without their material.',
    options: { json: jsonLinesOption, ...connectionOptions },
    example: 'prefloop signing-keys list',
  },
  async (values) => {
    const { items } = await openClient(values).listSigningKeys();
    return printList(values.json, items, (keys) => {
      const rows = keys.map(({ kid, algorithm, createdAt, revokedAt }) => ({
        kid,
        algorithm,
        created: formatTime(createdAt),
        revoked: formatTime(revokedAt),
      }));
      return formatTable(rows, 'no signing keys');
    });
  },
);

const revoke = defineCommand(
  {
    name: 'prefloop signing-keys revoke',
    summary: 'Ends a signing key: tokens signed with it are refused within five seconds.',
    positionals: ['KID'],
    options: { json: jsonOption, ...connectionOptions },
    example: 'prefloop signing-keys revoke 2026-10',
  },
  async (values, [kid = '']) => {
    await openClient(values).revokeSigningKey(kid);
    return printAnswer(values.json, { revoked: kid }, () => `revoked ${kid}`);
  },
);

export const signingKeyCommands = [create, list, revoke];
