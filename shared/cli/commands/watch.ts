/** `prefloop watch`: a domain while it lives. */
import { jsonLinesOption } from '../answer.ts';
import { defineCommand, exitCode } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { onInterrupt } from '../interrupt.ts';
import { formatSight, type Sight, watchDomain } from '../watch-domain.ts';

export const watchCommand = defineCommand(
  {
    name: 'prefloop watch',
    summary: 'A domain while it lives: votes a minute, what waits, the newest adapter, and what asks for you.',
    positionals: ['DOMAIN'],
    options: {
      updates: { type: 'integer', value: 'N', min: 1, help: 'End after so many. Default: never, until Ctrl-C.' },
      json: jsonLinesOption,
      ...connectionOptions,
    },
    example: 'prefloop watch support-tone',
    notes: 'On a terminal one view that changes; elsewhere it is written again when something has changed.',
  },
  async (values, [domain = '']) => {
    const client = openClient(values);
    const { signal, release } = onInterrupt();
    const show = values.json ? printSight : process.stdout.isTTY ? openView() : openLog();
    let updates = 0;
    try {
      for await (const sight of watchDomain(client, domain, signal)) {
        show(sight);
        updates += 1;
        if (updates === values.updates) break;
      }
      return undefined;
    } catch (error) {
      if (signal.aborted) return exitCode.interrupted;
      throw error;
    } finally {
      release();
    }
  },
);

const printSight = ({ live }: Sight) => void process.stdout.write(`${JSON.stringify(live)}\n`);

/** Draws over what it drew before: a line is a row of the terminal, so none may be longer. A terminal may not know its width. */
function openView() {
  let drawn = 0;
  return (sight: Sight) => {
    const lines = formatSight(sight).map((line) => line.slice(0, (process.stdout.columns || 80) - 1));
    const back = drawn > 0 ? `\x1b[${drawn}A\x1b[J` : '';
    process.stdout.write(`${back}${lines.join('\n')}\n`);
    drawn = lines.length;
  };
}

/** Only what is news: a minute that has begun and the age of an adapter are none. */
function openLog() {
  let said = '';
  return (sight: Sight) => {
    const { now: _, votesPerMinute: __, ...rest } = sight.live;
    const news = JSON.stringify(rest);
    if (news === said) return;
    said = news;
    process.stdout.write(`${formatSight(sight).join('\n')}\n\n`);
  };
}
