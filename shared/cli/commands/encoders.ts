/** `prefloop encoders`: what turns people's votes into what models are told of them. */
import type { AdapterFileName } from '../../contracts/adapter.ts';
import type { EncoderRecord } from '../../contracts/encoder.ts';
import { jsonLinesOption, jsonOption, limitOption, printAnswer, printList } from '../answer.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { publishEncoder, readEncoderFolder, writeEncoderFolder } from '../encoder-folder.ts';
import { findEncoder } from '../find-encoder.ts';
import { formatTable, formatTime, short } from '../table.ts';
import { runTransfer, totalBytes } from '../transfer.ts';

const list = defineCommand(
  {
    name: 'prefloop encoders list',
    summary: 'User encoders, the newest first.',
    options: {
      domain: { type: 'text', value: 'ID', help: 'Only those of this domain.' },
      limit: limitOption(20, 100),
      json: jsonLinesOption,
      ...connectionOptions,
    },
    example: 'prefloop encoders list --domain sprites',
  },
  async (values) => {
    const client = openClient(values);
    const { items } = await client.listEncoders(values.domain, values.limit);
    const domains = values.json ? [] : (await client.listDomains()).items;
    const chosen = new Set(domains.map(({ encoder }) => encoder));
    return printList(values.json, items, (encoders) => formatEncoders(encoders, chosen));
  },
);

function formatEncoders(encoders: readonly EncoderRecord[], chosen: Set<string | null>): string {
  const rows = encoders.map(({ encoder, createdAt }) => ({
    encoder: short(encoder.sha),
    domain: encoder.domain,
    kind: encoder.kind,
    features: encoder.featureSize,
    embedding: encoder.kind === 'set' ? `${encoder.tokens} × ${encoder.width}` : `${encoder.basis.length} weights`,
    chosen: chosen.has(encoder.sha) ? 'yes' : '',
    created: formatTime(createdAt),
  }));
  return formatTable(rows, 'no encoders');
}

const show = defineCommand(
  {
    name: 'prefloop encoders show',
    summary: 'One user encoder: what it reads, its prior, its basis or its files, its metrics.',
    positionals: ['SHA'],
    options: { json: jsonOption, ...connectionOptions },
    example: 'prefloop encoders show 77ab01c9',
    notes: 'SHA may be the start of a hash: six digits or more that only one encoder has.',
  },
  async (values, [sha = '']) => {
    const client = openClient(values);
    return printAnswer(values.json, await client.getEncoder(await findEncoder(client, sha)));
  },
);

const download = defineCommand(
  {
    name: 'prefloop encoders download',
    summary: 'Downloads a user encoder as the folder that `encoders publish` takes, and checks every file by its hash.',
    positionals: ['SHA'],
    options: {
      out: { type: 'text', value: 'FOLDER', help: 'Where to. Default: the first 12 digits of SHA.' },
      json: jsonOption,
      ...connectionOptions,
    },
    example: 'prefloop encoders download 77ab01c9 --out encoder',
    notes: 'Prints the folder; with --json the encoder’s record.',
  },
  async (values, [given = '']) => {
    const client = openClient(values);
    const record = await client.getEncoder(await findEncoder(client, given));
    const { encoder } = record;
    const folder = values.out ?? short(encoder.sha);
    const total = encoder.kind === 'set' ? totalBytes(encoder.files) : 0;
    const stopped = await runTransfer(short(encoder.sha), total, (signal, onBytes) => {
      const open = (name: AdapterFileName) =>
        client.downloadEncoderFile(encoder.sha, name, { timeoutMs: 120_000, signal });
      return writeEncoderFolder(encoder, folder, open, onBytes);
    });
    return stopped ?? printAnswer(values.json, record, () => folder);
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
      json: jsonOption,
      ...connectionOptions,
    },
    example: 'prefloop encoders publish encoder --use',
  },
  async (values, [folder = '']) => {
    const client = openClient(values);
    const record = await publishEncoder(client, await readEncoderFolder(folder, values.domain));
    const { sha, domain } = record.encoder;
    if (values.use) await client.chooseEncoder(domain, sha);
    const [before, use] = [record.replayed ? ', which was there before' : '', values.use ? ` and uses it` : ''];
    return printAnswer(values.json, record, () => `${domain} has the encoder ${short(sha)}${before}${use}`);
  },
);

const use = defineCommand(
  {
    name: 'prefloop encoders use',
    summary: 'Chooses the encoder that new embeddings of a domain come from; "none" for none.',
    positionals: ['DOMAIN', 'SHA'],
    options: { json: jsonOption, ...connectionOptions },
    example: 'prefloop encoders use sprites 77ab01c9',
  },
  async (values, [domain = '', sha = '']) => {
    const client = openClient(values);
    const encoder = sha === 'none' ? null : await findEncoder(client, sha, domain);
    const words = encoder === null ? 'no encoder' : `the encoder ${encoder}`;
    return printAnswer(values.json, await client.chooseEncoder(domain, encoder), () => `${domain} has ${words} now`);
  },
);

export const encoderCommands = [list, show, download, publish, use];
