/** `npm run demo`: the whole loop on this machine. A page to vote on, or with --auto simulated people and a table. */
import { setDefaultResultOrder } from 'node:dns';
import { resolve } from 'node:path';
import { type Command, type Option, UsageError, type Values } from '../shared/cli/arguments.ts';
import { runCommand } from '../shared/cli/command.ts';
import { describeMachine, type Figure, formatCommand, writeSummary } from '../shared/cli/summary.ts';
import { BALLOTS, runAuto } from './demo/auto.ts';
import { runImport } from './demo/import.ts';
import { PERSONAL } from './demo/personal.ts';
import { openBrowser } from './demo/processes.ts';
import { demoDomain, hostOption, type Stack, startStack } from './demo/stack.ts';
import { autoFigures, importFigures, printAuto, printImport, printTastes, tasteFigures } from './demo/table.ts';
import { runTastes } from './demo/tastes.ts';

const command = {
  name: 'npm run demo --',
  summary:
    'Starts edge, runner and inference on this machine and opens a page where you vote and see the model change.',
  options: {
    auto: { type: 'flag', help: 'No page: simulated people vote, then a table. Ends by itself.' },
    import: { type: 'text', value: 'FILE', help: 'With --auto: train on these preference pairs instead.' },
    format: {
      type: 'text',
      value: 'FORMAT',
      help: 'Format of --import.',
      default: 'trl',
      choices: ['trl', 'openai', 'hh'],
    },
    holdOut: {
      type: 'number',
      value: 'SHARE',
      help: 'Share of the prompts that is held out, with --import.',
      default: 0.2,
      min: 0.01,
      max: 0.9,
    },
    epochs: {
      type: 'integer',
      value: 'N',
      help: 'Passes over each batch, with --import.',
      default: 1,
      min: 1,
      max: 50,
    },
    model: {
      type: 'text',
      value: 'PATH_OR_ID',
      help: 'The built-in model, a Hugging Face folder, or a hub id.',
      default: 'tiny',
    },
    ballot: {
      type: 'text',
      value: 'KIND',
      help: 'What simulated people are asked for: the better of two replies, or an order of four.',
      default: 'ranking',
      choices: BALLOTS,
    },
    votes: { type: 'integer', value: 'N', help: 'Votes of each simulated person.', default: 192, min: 1, max: 100000 },
    picks: {
      type: 'integer',
      value: 'N',
      help: 'Picks of each simulated person with a taste of their own, where personal weights are built.',
      default: 4,
      min: 1,
      max: 64,
    },
    heldOut: {
      type: 'integer',
      value: 'N',
      help: 'Prompts that the result is tested on.',
      default: 300,
      min: 1,
      max: 10000,
    },
    seed: { type: 'integer', value: 'S', help: 'Seed of prompts, noise, training and sampling.', default: 0, min: 0 },
    host: hostOption,
    port: { type: 'integer', value: 'PORT', help: 'Where the page is.', default: 8787, min: 0, max: 65535 },
    personal: {
      type: 'text',
      value: 'DIR',
      help: 'Ready-made personal weights, for the tab “Your taste”; without it, the built-in ones.',
    },
    folder: { type: 'text', value: 'DIR', help: 'Keep state and logs here; without it nothing is kept.' },
    json: { type: 'text', value: 'FILE', help: 'Write the figures as JSON.' },
    open: { type: 'flag', help: 'Open the page in the browser.' },
  },
  notes: 'Ctrl-C stops everything and leaves nothing running.',
} as const satisfies Command<Record<string, Option>>;

type Options = Values<typeof command.options>;

const PERSONAS = ['brief', 'warm', 'formal'] as const;
/** The page's domain: one person's votes, so it trains on a handful of them. */
const YOURS = 'yours';

async function main(options: Options): Promise<number | undefined> {
  if (options.import && !options.auto) throw new UsageError('--import needs --auto');
  const say = (line: string) => console.error(line);
  const started = performance.now();
  const stack = await startStack({
    host: options.host,
    port: options.auto ? 0 : options.port,
    model: options.model === 'tiny' || !options.model.startsWith('.') ? options.model : resolve(options.model),
    folder: options.folder && resolve(options.folder),
    personal: options.import ? undefined : resolve(options.personal ?? PERSONAL),
    page: options.auto ? undefined : { domain: YOURS, seed: options.seed },
    say,
  });
  const stopped = new Promise<'stopped'>((stop) => {
    // npm passes a signal on that the terminal has sent already: the second one must not end this before all is stopped.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop('stopped'));
  });
  try {
    const work = options.import
      ? runOnFile(stack, options, started)
      : options.auto
        ? runPersonas(stack, options, started)
        : servePage(stack, options);
    const ended = await Promise.race([work, stopped, stack.processes.failure]);
    return ended === 'stopped' && options.auto ? 130 : undefined;
  } finally {
    say('Stopping …');
    await stack.stop();
  }
}

async function summarise(
  options: Options,
  started: number,
  figures: Record<string, Figure>,
  rows: unknown[],
): Promise<void> {
  const all = { seconds: (performance.now() - started) / 1000, ...figures };
  if (options.json) {
    await writeSummary(options.json, {
      name: options.import ? 'demo-import' : 'demo',
      command: formatCommand(['npm', 'run', 'demo', '--', ...process.argv.slice(2)]),
      machine: describeMachine(),
      seeds: [options.seed],
      figures: all,
      rows,
    });
  }
  console.log(`Done in ${all.seconds.toFixed(0)} s.`);
}

async function runPersonas(stack: Stack, options: Options, started: number): Promise<void> {
  const result = await runAuto(stack, { ...options, personas: PERSONAS });
  printAuto(result, PERSONAS);
  const tastes = await runTastes(stack, options);
  printTastes(tastes);
  const figures = { ...autoFigures(result), ...tasteFigures(tastes) };
  await summarise(options, started, figures, [...result.personas, result.control, ...tastes]);
}

async function runOnFile(stack: Stack, options: Options, started: number): Promise<void> {
  const result = await runImport(stack, { ...options, file: options.import as string });
  printImport(result);
  await summarise(options, started, importFigures(result), []);
}

async function servePage(stack: Stack, options: Options): Promise<never> {
  await stack.admin.createDomain(demoDomain(YOURS, options.model, { batchSize: 8, holdOut: 0 }));
  stack.startRunner('--domains', YOURS);
  console.log(`\n  Vote here: ${stack.edge}\n\n  Ctrl-C stops everything.\n`);
  if (options.open || process.stdout.isTTY) openBrowser(stack.edge);
  await stack.personal.ready;
  return await new Promise<never>(() => {});
}

setDefaultResultOrder('ipv4first');
process.exitCode = await runCommand(command, process.argv.slice(2), main);
