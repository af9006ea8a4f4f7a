/** `prefloop encoders`: what turns people's votes into what models are told of them. */
import type { Client } from '../../client/client.ts';
import { UsageError } from '../arguments.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { publishEncoder, readEncoderFolder } from '../encoder-folder.ts';
import { formatTable, formatTime, printJson } from '../table.ts';

const json = { type: 'flag', help: 'The whole answer as JSON.' } as const;

const list = defineCommand(
  {
    name: 'prefloop encoders list',
    summary: 'User encoders, the newest first.',
    options: { domain: { type: 'text', value: 'ID', help: 'Only those of this domain.' }, json, ...connectionOptions },
  },
  async (values) => {
    const client = openClient(values);
    const { items } = await client.listEncoders(values.domain);
    if (values.json) {
      printJson(items);
      return undefined;
    }
    const chosen = new Set((await client.listDomains()).items.map(({ encoder }) => encoder));
    const rows = items.map(({ encoder, createdAt }) => ({
      encoder: encoder.sha.slice(0, 12),
      domain: encoder.domain,
      kind: encoder.kind,
      features: encoder.featureSize,
      embedding: encoder.kind === 'set' ? `${encoder.tokens} × ${encoder.width}` : `${encoder.basis.length} weights`,
      chosen: chosen.has(encoder.sha) ? 'yes' : '',
      created: formatTime(createdAt),
    }));
    process.stdout.write(`${formatTable(rows, 'no encoders')}\n`);
    return undefined;
  },
);

const publish = defineCommand(
  {
    name: 'prefloop encoders publish',
    summary: 'Uploads a user encoder: a folder with encoder.json and, of a set encoder, its two files.',
    positionals: ['FOLDER'],
    options: {
      domain: { type: 'text', value: 'ID', help: 'Its domain. Default: that of encoder.json.' },
      use: { type: 'flag', help: 'New embeddings of the domain come from it at once.' },
      json,
      ...connectionOptions,
    },
  },
  async (values, [folder = '']) => {
    const client = openClient(values);
    const record = await publishEncoder(client, await readEncoderFolder(folder, values.domain));
    const { sha, domain } = record.encoder;
    if (values.use) await client.chooseEncoder(domain, sha);
    const [before, use] = [record.replayed ? ', which was there before' : '', values.use ? ` and uses it` : ''];
    if (values.json) printJson(record);
    else process.stdout.write(`${domain} has the encoder ${sha.slice(0, 12)}${before}${use}\n`);
    return undefined;
  },
);

const use = defineCommand(
  {
    name: 'prefloop encoders use',
    summary: 'Chooses the encoder that new embeddings of a domain come from; "none" for none.',
    positionals: ['DOMAIN', 'SHA'],
    options: { json, ...connectionOptions },
  },
  async (values, [domain = '', sha = '']) => {
    const client = openClient(values);
    const encoder = sha === 'none' ? null : await findEncoder(client, domain, sha);
    const changed = await client.chooseEncoder(domain, encoder);
    if (values.json) printJson(changed);
    else process.stdout.write(`${domain} has ${encoder === null ? 'no encoder' : `the encoder ${encoder}`} now\n`);
    return undefined;
  },
);

/** The whole sha of the one encoder that begins like this. */
async function findEncoder(client: Client, domain: string, sha: string): Promise<string> {
  if (!/^[0-9a-f]{6,64}$/.test(sha)) throw new UsageError(`an encoder is named by 6 to 64 hex digits, not "${sha}"`);
  if (sha.length === 64) return sha;
  const found = (await client.listEncoders(domain)).items.filter(({ encoder }) => encoder.sha.startsWith(sha));
  const [only] = found;
  if (only && found.length === 1) return only.encoder.sha;
  throw new Error(`${found.length || 'no'} encoders of ${domain} begin with ${sha}`);
}

export const encoderCommands = [list, publish, use];
