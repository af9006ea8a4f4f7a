/** `prefloop samples`: what changed in what a domain's model says, or draws. */
import { MAX_SAMPLES, type SampleAnswer, type SampleList } from '../../contracts/sample.ts';
import { jsonOption, printAnswer } from '../answer.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { plain, plainText, short } from '../table.ts';

export const samplesCommand = defineCommand(
  {
    name: 'prefloop samples',
    summary: 'The same held-out prompts, answered by the base and by the live adapter.',
    positionals: ['DOMAIN'],
    options: {
      count: { type: 'integer', value: 'N', min: 1, max: MAX_SAMPLES, default: 3, help: 'So many prompts.' },
      json: jsonOption,
      ...connectionOptions,
    },
    example: 'prefloop samples support-tone --count 2',
  },
  async (values, [domain = '']) =>
    printAnswer(values.json, await openClient(values).getSamples(domain, values.count), formatSamples),
);

function formatSamples({ live, samples }: SampleList): string {
  const indented = (text: string) => plainText(text).replaceAll('\n', '\n  ');
  const said = (answer: SampleAnswer) => (answer.type === 'text' ? answer.text : `picture ${answer.sha256}`);
  const blocks = samples.map(({ prompt, before, now }) =>
    [
      plain(prompt),
      `  base: ${indented(said(before))}`,
      ...(now ? [`  ${short(live)}: ${indented(said(now))}`] : []),
    ].join('\n'),
  );
  return blocks.join('\n\n') || 'no prompt is held out';
}
