/** `prefloop images`: pictures up, pictures down, pictures drawn. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plural } from '../../alarms/words.ts';
import type { ImageReceipt } from '../../contracts/image.ts';
import { jsonLinesOption, jsonOption, printAnswer, printList } from '../answer.ts';
import { requireOption } from '../arguments.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient, openClientAs, userOption } from '../connection.ts';
import { startProgress } from '../progress-bar.ts';
import { short } from '../table.ts';

const upload = defineCommand(
  {
    name: 'prefloop images upload',
    summary: 'Uploads pictures (PNG, JPEG, WebP) under their hashes; a second time changes nothing.',
    positionals: ['FILE…'],
    options: { json: jsonLinesOption, ...connectionOptions },
    example: 'prefloop images upload cat.png dog.webp',
    notes: 'Prints a hash a picture, in the order of the files: what a candidate’s content names.',
  },
  async (values, files) => {
    const client = openClient(values);
    const progress = process.stderr.isTTY
      ? startProgress({ label: 'upload', unit: 'pictures', total: files.length })
      : undefined;
    const receipts: ImageReceipt[] = [];
    try {
      for (const file of files) {
        receipts.push(await client.uploadImage(new Uint8Array(await readFile(file))));
        progress?.update(receipts.length, file);
      }
    } finally {
      progress?.finish();
      printList(values.json, receipts, (all) => all.map(({ sha256 }) => sha256).join('\n') || 'nothing was uploaded');
    }
    return undefined;
  },
);

const download = defineCommand(
  {
    name: 'prefloop images download',
    summary: 'Writes a picture of the project to a file.',
    positionals: ['SHA256'],
    options: {
      out: { type: 'text', value: 'FILE', help: 'Where to. Required.' },
      json: jsonOption,
      ...connectionOptions,
    },
    example: `prefloop images download ${'3f9a1c2b'.repeat(8)} --out cat.png`,
    notes: 'Prints the file; with --json its name and its size.',
  },
  async (values, [sha256 = '']) => {
    const file = requireOption(values.out, '--out');
    const bytes = await openClient(values).downloadImage(sha256);
    await writeFile(file, bytes);
    return printAnswer(values.json, { file, bytes: bytes.length }, () => file);
  },
);

const generate = defineCommand(
  {
    name: 'prefloop images generate',
    summary: 'Draws pictures with the domain’s live adapter and writes them into a folder.',
    positionals: ['DOMAIN', 'PROMPT'],
    options: {
      user: userOption,
      n: { type: 'integer', value: 'N', min: 1, max: 8, default: 1, help: 'So many.' },
      seed: { type: 'integer', value: 'N', min: 0, help: 'The same pictures again. Default: new ones.' },
      steps: { type: 'integer', value: 'N', min: 1, max: 200, help: 'Of the sampler. Default: the model’s.' },
      guidance: { type: 'number', value: 'X', min: 0, max: 50, help: 'Classifier-free guidance; 1 is none.' },
      out: { type: 'text', value: 'FOLDER', default: '.', help: 'Where to; it must be there.' },
      json: jsonOption,
      ...connectionOptions,
    },
    example: 'prefloop images generate sprites "a creature, on snow" --n 4 --user anna',
    notes: 'Prints a file a picture; with --json the edge’s answer, without the pictures themselves.',
  },
  async (values, [model = '', prompt = '']) => {
    const { user, n, seed, steps, guidance, out } = values;
    const client = await openClientAs(user, values);
    const given = {
      ...(seed !== undefined && { seed }),
      ...(steps !== undefined && { steps }),
      ...(guidance !== undefined && { guidance }),
    };
    const { adapter, data, ...result } = await client.generateImages({
      ...{ model, prompt, n, response_format: 'b64_json' },
      ...given,
    });
    const files = await Promise.all(
      data.map(async ({ b64_json = '', sha256, seed }) => {
        const file = join(out, `${short(sha256)}.png`);
        await writeFile(file, Buffer.from(b64_json, 'base64'));
        return { file, sha256, seed };
      }),
    );
    process.stderr.write(`drawn by ${short(adapter)}${describeTaste(result.personal)}\n`);
    const answer = { ...result, data: files.map(({ sha256, seed }) => ({ sha256, seed })) };
    return printAnswer(values.json, answer, () => files.map(({ file }) => file).join('\n'));
  },
);

const describeTaste = (personal: { votes: number } | null) =>
  personal === null ? ', for nobody in particular' : `, for somebody who is known by ${plural(personal.votes, 'vote')}`;

export const imageCommands = [upload, download, generate];
