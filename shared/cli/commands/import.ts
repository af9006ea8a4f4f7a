/** `prefloop import`: a file of preferences into a domain, streaming, resumable, and the same at every repetition. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { formatNames } from '../../formats/format.ts';
import { requireOption, UsageError } from '../arguments.ts';
import { defineCommand, exitCode } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import type { Source } from '../import-batches.ts';
import { importPreferences, noCounts } from '../import-preferences.ts';
import { type ImportState, identifyImport, readState, removeState, writeState } from '../import-state.ts';
import { onInterrupt } from '../interrupt.ts';
import { readLines } from '../lines.ts';
import { formatCount, formatSeconds, startProgress } from '../progress-bar.ts';
import { describeCounts, openReports } from '../row-reports.ts';
import { describeMachine, formatCommand, writeSummary } from '../summary.ts';

const declaration = {
  name: 'prefloop import',
  summary: 'Stores the preferences of a file in a domain. Importing a file again adds nothing.',
  positionals: ['FILE'],
  options: {
    format: { type: 'text', value: 'NAME', choices: formatNames, help: 'How FILE is written (JSON Lines). Required.' },
    domain: { type: 'text', value: 'ID', help: 'The domain that learns from them. Required.' },
    group: { type: 'text', value: 'COLUMN', help: 'Column whose value is held out together. Default: the prompt.' },
    user: { type: 'text', value: 'COLUMN', help: 'Column with the pseudonym of the person who judged.' },
    topic: { type: 'text', value: 'COLUMN', help: 'Column with the sub-stream of the domain (cofs-dpo).' },
    answer: { type: 'text', value: 'COLUMN', help: 'Column with the known right answer (mrdpo, step-dpo).' },
    confidence: {
      type: 'text',
      value: 'COLUMN',
      help: 'Column with the probability, 0.5 to 1, that the choice is right.',
    },
    features: {
      type: 'text',
      value: 'COLUMN',
      help: 'Column with what a model sees in the answers, as prefloop-runner log-ratios writes it.',
    },
    chat: { type: 'flag', help: 'A prompt that is plain text becomes a user’s message.' },
    batch: { type: 'integer', value: 'N', min: 1, max: 500, default: 500, help: 'Rows of one call.' },
    concurrency: {
      type: 'integer',
      value: 'N',
      min: 1,
      max: 8,
      default: 1,
      help: 'Calls in flight; 1 keeps the order of FILE.',
    },
    resume: { type: 'flag', help: 'Go on where an interrupted import of FILE stopped.' },
    state: { type: 'text', value: 'FILE', help: 'Where that place is kept. Default: FILE.prefloop-state.' },
    rejects: {
      type: 'text',
      value: 'FILE',
      help: 'Write a JSON line for each row not stored, or stored but not trainable.',
    },
    json: { type: 'text', value: 'FILE', help: 'Write the machine-readable summary.' },
    ...connectionOptions,
  },
  example: 'prefloop import pairs.jsonl --format trl --domain support-tone',
  notes: `FILE may be - for standard input (nothing to resume then).
Exit codes: 0 every row is stored, 3 some rows were rejected, 1 the edge failed, 2 wrong usage, 130 interrupted.`,
} as const;

export const importCommand = defineCommand(declaration, async (values, [file = '-']) => {
  const format = requireOption(values.format, '--format');
  const domain = requireOption(values.domain, '--domain');
  const client = openClient(values);
  const { user, group, topic, answer, confidence, features, chat } = values;
  const source: Source = { format, domain, chat, columns: { user, group, topic, answer, confidence, features } };
  const started = performance.now();

  const fromFile = file !== '-';
  if (values.resume && !fromFile) throw new UsageError('standard input cannot be resumed');
  const statePath = values.state ?? `${file}.prefloop-state`;
  const size = fromFile ? (await stat(file)).size : undefined;
  const identity = fromFile
    ? await identifyImport(file, { edge: values.edge ?? process.env.PREFLOOP_EDGE, ...source })
    : '';
  const earlier = fromFile ? await readState(statePath) : null;
  let state: ImportState = { identity, position: { offset: 0, line: 0 }, counts: noCounts(), rejectsBytes: 0 };

  const progress = startProgress({ label: `import ${domain}`, unit: 'bytes', ...(size && { total: size }) });
  if (earlier && values.resume) {
    if (earlier.identity !== identity) {
      throw new Error(
        `${statePath} belongs to another import (other file, domain or options); remove it or start without --resume`,
      );
    }
    state = earlier;
    progress.say(`resuming after line ${formatCount(state.position.line)}`);
  } else if (earlier) {
    progress.say('an earlier import was interrupted; --resume would go on from there, this one starts over');
  }
  await client.getDomain(domain);

  const reports = await openReports(values.rejects, state.rejectsBytes, progress.say);
  const { signal, release } = onInterrupt();
  const { offset } = state.position;
  const bytes = fromFile ? createReadStream(file, { start: offset, highWaterMark: 2 ** 20 }) : process.stdin;
  signal.addEventListener('abort', () => bytes.destroy());
  try {
    const counts = await importPreferences({
      ...source,
      client,
      lines: readLines(bytes, state.position),
      batchSize: values.batch,
      concurrency: values.concurrency,
      signal,
      counts: state.counts,
      async onBatch(batch) {
        await reports.add(batch.reports);
        state = {
          identity,
          position: batch.position,
          counts: structuredClone(batch.counts),
          rejectsBytes: reports.bytes(),
        };
        if (fromFile) await writeState(statePath, state);
        const { rows, rejected } = batch.counts;
        progress.update(
          batch.position.offset,
          `${formatCount(rows)} rows${rejected ? `, ${formatCount(rejected)} rejected` : ''}`,
        );
      },
    });
    if (fromFile) await removeState(statePath);
    const seconds = (performance.now() - started) / 1000;
    progress.finish(`${describeCounts(counts)}; ${formatSeconds(seconds)}`);
    if (values.json) {
      const { rows, stored, duplicates, rejected, reasons, notTrainable } = counts;
      const command = formatCommand(['npx', 'prefloop', 'import', file, '--format', format, '--domain', domain]);
      const figures = { rows, stored, duplicates, rejected, seconds };
      await writeSummary(values.json, {
        name: 'import',
        command,
        machine: describeMachine(),
        seeds: [],
        figures,
        rows: [{ reasons, notTrainable }],
      });
    }
    return counts.rejected > 0 ? exitCode.partial : exitCode.ok;
  } catch (error) {
    const resumable = fromFile && state.position.line > 0;
    progress.finish(
      resumable ? `stopped after line ${formatCount(state.position.line)}; --resume goes on from there` : 'stopped',
    );
    if (signal.aborted) return exitCode.interrupted;
    throw error;
  } finally {
    release();
    await reports.close();
  }
});
