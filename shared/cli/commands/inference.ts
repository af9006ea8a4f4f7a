/** `prefloop models`, `chat`, `credit`: what the domains' models say. */
import { text } from 'node:stream/consumers';
import type { CreditResult } from '../../contracts/inference.ts';
import { jsonLinesOption, jsonOption, printAnswer, printList, printText } from '../answer.ts';
import { defineCommand, exitCode } from '../command.ts';
import { connectionOptions, openClient, openClientAs, userOption } from '../connection.ts';
import { onInterrupt } from '../interrupt.ts';
import { formatTable, plain, plainText, short } from '../table.ts';

const models = defineCommand(
  {
    name: 'prefloop models',
    summary: 'The domains that can be asked.',
    options: { json: jsonLinesOption, ...connectionOptions },
    example: 'prefloop models',
  },
  async (values) => {
    const { data } = await openClient(values).listModels();
    return printList(values.json, data, (all) => all.map(({ id }) => id).join('\n') || 'no domains');
  },
);

const question = (system: string | undefined, content: string) => [
  ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
  { role: 'user' as const, content },
];

const system = { type: 'text', value: 'TEXT', help: 'A system message, in the place of the domain’s.' } as const;

const chat = defineCommand(
  {
    name: 'prefloop chat',
    summary: 'Asks a domain one question and prints the answer as it is made.',
    positionals: ['DOMAIN', 'QUESTION'],
    options: {
      user: userOption,
      system,
      maxTokens: { type: 'integer', value: 'N', min: 1, max: 32768, help: 'Default: the domain’s.' },
      temperature: { type: 'number', value: 'X', min: 0, max: 5, help: 'Default: the domain’s.' },
      seed: { type: 'integer', value: 'N', min: 0, help: 'The same answer again.' },
      beams: { type: 'integer', value: 'N', min: 1, max: 16, help: 'Search the likeliest answer; it comes whole.' },
      revise: { type: 'integer', value: 'N', min: 0, max: 8, help: 'Better it so many times; it comes whole.' },
      json: { ...jsonOption, help: 'The whole completion as JSON; a failure too, on standard error.' },
      ...connectionOptions,
    },
    example: 'prefloop chat support-tone "Where is my parcel?" --user anna',
    notes: 'QUESTION may be - for standard input. Which adapter answered is said on standard error.',
  },
  async (values, [model = '', asked = '']) => {
    const { user, system, maxTokens, temperature, seed, beams, revise } = values;
    const messages = question(system, asked === '-' ? await text(process.stdin) : asked);
    const request = {
      ...{ model, messages },
      ...(maxTokens !== undefined && { max_tokens: maxTokens }),
      ...(temperature !== undefined && { temperature }),
      ...(seed !== undefined && { seed }),
      ...(beams !== undefined && { num_beams: beams }),
      ...(revise !== undefined && { revise }),
    };
    const client = await openClientAs(user, values);
    const { signal, release } = onInterrupt();
    try {
      if (values.json || beams !== undefined || revise !== undefined) {
        const { adapter, completion } = await client.chat(request, { signal });
        sayAdapter(adapter);
        return printAnswer(values.json, completion, ({ choices }) => plainText(choices[0]?.message.content ?? ''));
      }
      const { adapter, chunks } = await client.streamChat(request, { signal });
      sayAdapter(adapter);
      for await (const { choices } of chunks) process.stdout.write(plainText(choices[0]?.delta.content ?? ''));
      printText('');
      return undefined;
    } catch (error) {
      if (signal.aborted) return exitCode.interrupted;
      throw error;
    } finally {
      release();
    }
  },
);

const sayAdapter = (adapter: string | null) => process.stderr.write(`answered by ${short(adapter)}\n`);

const credit = defineCommand(
  {
    name: 'prefloop credit',
    summary: 'Which tokens of an answer the live adapter has learned to like, and which not.',
    positionals: ['DOMAIN', 'QUESTION', 'ANSWER'],
    options: {
      system,
      beta: { type: 'number', value: 'X', min: 0, max: 10_000, help: 'Default: that of the domain’s recipe.' },
      json: jsonOption,
      ...connectionOptions,
    },
    example: 'prefloop credit support-tone "Where is my parcel?" "It is on its way, I am so sorry!"',
  },
  async (values, [model = '', asked = '', completion = '']) => {
    const { system, beta } = values;
    const request = { model, messages: question(system, asked), completion, ...(beta !== undefined && { beta }) };
    return printAnswer(values.json, await openClient(values).credit(request), formatCredit);
  },
);

function formatCredit({ model, tokens, reward }: CreditResult): string {
  const rows = tokens.map(({ token, credit, logprob, reference_logprob: reference }) => ({
    token: JSON.stringify(plain(token)),
    credit: signed(credit),
    'log-probability': logprob.toFixed(2),
    'of the base': reference.toFixed(2),
  }));
  return `${formatTable(rows, 'no tokens')}\n\nreward ${signed(reward)} under ${model === 'base' ? model : short(model)}`;
}

const signed = (value: number) => `${value > 0 ? '+' : ''}${value.toFixed(2)}`;

export const inferenceCommands = [models, chat, credit];
